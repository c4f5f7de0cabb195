"""The start: sends everybody on to the first of their own pages."""

import streamlit as st

from app_streamlit import session, states
from app_streamlit.catalog import first_page

if (who := session.person()) is None:
    states.signed_out()
else:
    st.switch_page(first_page(who.audience).file)
