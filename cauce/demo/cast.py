"""Who the demo is about: four people to sign in as, two with unusual zones, and as many others as asked for."""

from datetime import date, datetime, timedelta

import numpy as np

from cauce.demo.plan import DemoPerson
from cauce.demo.randomness import generator
from cauce.demo.window import Window, at

DOMAIN = "demo.example"
"""A reserved name: no mail to it can ever arrive."""

FIRST = (
    "María Guadalupe José Fernanda Juan Valeria Carlos Regina Miguel Camila Jorge Ximena Ricardo Daniela Fernando "
    "Renata Alejandro Mariana Eduardo Paola Roberto Lucía Manuel Andrea Raúl Gabriela Arturo Itzel Héctor Natalia"
)
LAST = (
    "Hernández García Martínez López González Pérez Rodríguez Sánchez Ramírez Cruz Flores Gómez Morales Vázquez Reyes "
    "Jiménez Torres Díaz Gutiérrez Ruiz Mendoza Aguilar Ortiz Castillo Moreno Romero Álvarez Chávez Rivera Núñez"
)
FIRST_NAMES, LAST_NAMES = FIRST.split(), LAST.split()
ASCII = str.maketrans("áéíóúñüÁÉÍÓÚÑ", "aeiounuAEIOUN")
ZONES = {
    "America/Mexico_City": 0.80,
    "America/Monterrey": 0.07,
    "America/Cancun": 0.04,
    "America/Hermosillo": 0.03,
    "America/Tijuana": 0.03,
    "America/Bogota": 0.03,
}
TIERS = {"FREE": 0.48, "BASIC": 0.24, "PRO": 0.20, "ENTERPRISE": 0.08}
FINANCE_SHARE, HEALTH_SHARE = 0.6, 0.4


def moving_day(window: Window) -> date:
    """Give the day Luis moves: the last of the middle month, or the middle of the only month."""
    if len(window.months) > 1:
        return window.months[len(window.months) // 2 - 1].last
    return window.first_day + (window.today - window.first_day) // 2


def _named(window: Window) -> list[DemoPerson]:
    start = at(window.first_day - timedelta(days=2), 0, 0, "America/Mexico_City")
    moved = at(moving_day(window), 12, 0, "America/Mexico_City")
    city, tijuana = "America/Mexico_City", "America/Tijuana"
    return [
        _person("admin", "Alma Rivera", "ADMIN", city, tier="ENTERPRISE"),
        _person("analista", "Bruno Castillo", "DEVELOPER", city, tier="ENTERPRISE"),
        _person("ana", "Ana Torres", "USER", city, tier="PRO", finance=True, health=True),
        _person(
            "luis", "Luis Mendoza", "USER", tijuana, ((start, city), (moved, tijuana)), "PRO", finance=True, health=True
        ),
        _person("sofia", "Sofía Vega", "USER", "America/New_York", (), "BASIC", "en", "USD", finance=True, health=True),
        _person("diego", "Diego Salas", "USER", "Europe/Madrid", (), "BASIC", currency="EUR", finance=True),
    ]


def _person(
    local_part: str,
    name: str,
    role: str,
    timezone: str,
    changes: tuple[tuple[datetime, str], ...] = (),
    tier: str = "FREE",
    language: str = "es",
    currency: str = "MXN",
    *,
    finance: bool = False,
    health: bool = False,
) -> DemoPerson:
    email = f"{local_part}@{DOMAIN}"
    return DemoPerson(email, name, name.split()[0], role, timezone, language, currency, changes, tier, finance, health)


def people(seed: int, users: int, window: Window) -> tuple[DemoPerson, ...]:
    """Make the people, the four to sign in as first. About 60 % keep their money here and 40 % their health."""
    cast = _named(window)[:users]
    more = users - len(cast)
    if more <= 0:
        return tuple(cast)
    random = generator(seed, "people")
    zones = random.choice(list(ZONES), more, p=list(ZONES.values()))
    tiers = random.choice(list(TIERS), more, p=list(TIERS.values()))
    finance = _members(random, more, round(users * FINANCE_SHARE) - sum(person.finance for person in cast))
    health = _members(random, more, round(users * HEALTH_SHARE) - sum(person.health for person in cast))
    order = random.permutation(len(FIRST_NAMES) * len(LAST_NAMES))
    for index in range(more):
        lap, place = divmod(index, len(order))
        first, last = divmod(int(order[place]), len(LAST_NAMES))
        name = f"{FIRST_NAMES[first]} {LAST_NAMES[last]}"
        local_part = name.translate(ASCII).lower().replace(" ", ".") + (str(lap + 1) if lap else "")
        cast.append(
            _person(
                local_part,
                name,
                "MANAGER" if index == 0 else "USER",
                str(zones[index]),
                tier=str(tiers[index]),
                finance=bool(finance[index]),
                health=bool(health[index]),
            )
        )
    return tuple(cast)


def _members(random: np.random.Generator, total: int, chosen: int) -> np.ndarray:
    members = np.zeros(total, dtype=bool)
    members[random.permutation(total)[: max(0, chosen)]] = True
    return members
