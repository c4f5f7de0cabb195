"""Cards with one figure each, and small bars: the first thing a person reads on a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

from app_streamlit.formats import SPACE


@dataclass(frozen=True, slots=True)
class Card:
    """One figure: its name, the figure as text, a line below it, and a mood: '', 'good', 'warn', 'bad' or 'out'."""

    label: str
    value: str
    note: str = ""
    mood: str = ""


def cards(items: Sequence[Card]) -> None:
    """Show cards side by side; on a phone two in a row."""
    st.html(f'<dl class="cauce-cards">{"".join(_card(item) for item in items)}</dl>')


def bar(label: str, value: str, note: str, ratio: float | None, mood: str) -> str:
    """Markup of a labelled bar; `ratio` 1 fills it, None leaves it out."""
    full = min(max(ratio or 0.0, 0.0), 1.0) * 100
    track = (
        f'<div class="cauce-track" role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{full:.0f}" '
        f'aria-label="{escape(label)}"><div class="cauce-fill cauce-{mood}" style="width:{full:.1f}%"></div></div>'
    )
    return (
        f'<li><div class="cauce-row"><strong>{escape(label)}</strong><span>{escape(value)}</span></div>'
        f'{track if ratio is not None else ""}<div class="cauce-note cauce-{mood}">{escape(note)}</div></li>'
    )


def bars(items: Sequence[str]) -> None:
    """Show bars made by `bar`, one below the other."""
    st.html(f'<ul class="cauce-bars">{"".join(items)}</ul>')


def _card(item: Card) -> str:
    note = f'<dd class="cauce-note">{escape(item.note)}</dd>' if item.note else ""
    return (
        f'<div class="cauce-card cauce-{item.mood or "plain"}"><dt>{escape(item.label)}</dt>'
        f'<dd class="cauce-value">{_value(item.value)}</dd>{note}</div>'
    )


def _value(text: str) -> str:
    """The figure large and its currency or unit small, which may go to a line of its own."""
    figure, space, unit = text.partition(SPACE)
    return f"{escape(figure)} <small>{escape(unit)}</small>" if space else escape(text)
