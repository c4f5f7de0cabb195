"""The agents of the demo and the models behind them, with names that the price list knows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Model:
    """A model of a provider, as the provider names it; `api` is the shape its usage comes in."""

    provider: str
    name: str
    api: str
    reasons: bool = False
    caches: bool = True


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent. Its slug is its name in plain letters, so that a trace that gives the name finds the same agent."""

    slug: str
    name: str
    description: str
    category: str
    models: tuple[tuple[int, float], ...]
    """(index into MODELS, share)."""


MODELS = (
    Model("openai", "gpt-4o-mini", "chat"),
    Model("openai", "gpt-4.1", "chat"),
    Model("openai", "gpt-5", "responses", reasons=True),
    Model("openai", "gpt-5-mini", "responses", reasons=True),
    Model("openai", "o4-mini", "chat", reasons=True),
    Model("anthropic", "claude-sonnet-4-5", "anthropic"),
    Model("anthropic", "claude-haiku-4-5", "anthropic"),
    Model("anthropic", "claude-opus-4-5", "anthropic"),
    Model("google", "gemini-2.5-flash", "google", reasons=True),
    Model("google", "gemini-2.5-pro", "google", reasons=True),
    Model("google", "gemini-2.5-flash-lite", "google"),
    Model("mistral", "mistral-small-latest", "chat", caches=False),
)
UNKNOWN_MODEL = "modelo-experimental-x1"
"""Nobody sells it: its events count, their cost stays unknown."""

AGENTS = (
    Agent(
        "asistente-financiero",
        "Asistente financiero",
        "Presupuestos, gastos y metas de ahorro.",
        "finanzas",
        ((0, 0.4), (3, 0.3), (5, 0.3)),
    ),
    Agent(
        "asistente-de-salud",
        "Asistente de salud",
        "Medicinas, mediciones y preguntas para la consulta.",
        "salud",
        ((6, 0.5), (5, 0.3), (8, 0.2)),
    ),
    Agent(
        "redactor-de-textos",
        "Redactor de textos",
        "Correos, publicaciones y cartas con buen tono.",
        "escritura",
        ((0, 0.5), (6, 0.3), (11, 0.2)),
    ),
    Agent(
        "programador",
        "Programador",
        "Escribe, explica y revisa código.",
        "desarrollo",
        ((5, 0.45), (2, 0.25), (7, 0.1), (4, 0.2)),
    ),
    Agent(
        "tutor-de-estudio",
        "Tutor de estudio",
        "Explica paso a paso y hace cuestionarios.",
        "educacion",
        ((8, 0.6), (10, 0.25), (0, 0.15)),
    ),
    Agent(
        "traductor",
        "Traductor",
        "Traduce entre español, inglés y más idiomas.",
        "idiomas",
        ((10, 0.6), (0, 0.4)),
    ),
    Agent(
        "investigador",
        "Investigador",
        "Busca, compara y resume fuentes.",
        "investigacion",
        ((9, 0.35), (2, 0.35), (1, 0.3)),
    ),
    Agent(
        "organizador-de-viajes",
        "Organizador de viajes",
        "Itinerarios, reservas y presupuesto del viaje.",
        "viajes",
        ((3, 0.5), (8, 0.5)),
    ),
)
