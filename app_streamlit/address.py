"""What a page keeps in its address: a view can be shared and bookmarked, and the browser's Back goes back."""

from collections.abc import Mapping, Sequence
from datetime import date

import streamlit as st


def kept(name: str) -> tuple[str, ...]:
    """The values that the address names, in its order; none where it does not name them."""
    return tuple(dict.fromkeys(value for value in st.query_params.get_all(name) if value))


def one_of(name: str, offered: Sequence[str], default: str) -> str:
    """The value that the address names where it is offered, else the default."""
    named = kept(name)
    return named[0] if named and named[0] in offered else default


def days(name: str) -> tuple[date, ...]:
    """The days that the address names; what is no day is left out."""
    return tuple(day for text in kept(name) if (day := _day(text)) is not None)


def keep(values: Mapping[str, Sequence[str]]) -> None:
    """Write the values into the address as one step of the history; an empty value leaves it, a new name goes last."""
    before = {name: st.query_params.get_all(name) for name in st.query_params}
    after = {name: list(named) for name, named in (before | dict(values)).items() if named}
    if after != before:
        st.query_params.from_dict(after)


def names() -> tuple[str, ...]:
    """What the address names, in its order."""
    return tuple(st.query_params)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
