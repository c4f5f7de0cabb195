"""The value-added tax of Mexico (IVA): 16 % of what people who are in Mexico are billed.

Ley del Impuesto al Valor Agregado, article 1 (16 % since 2010). Where somebody is follows from their zone at the end of
the month; a service used abroad is billed without tax (article 29). The reduced rate of the border region asks for a
seller's own filing and is not applied.
"""

from decimal import Decimal

IVA = Decimal("0.16")

MEXICAN_ZONES = (
    "America/Bahia_Banderas", "America/Cancun", "America/Chihuahua", "America/Ciudad_Juarez", "America/Ensenada",
    "America/Hermosillo", "America/Matamoros", "America/Mazatlan", "America/Merida", "America/Mexico_City",
    "America/Monterrey", "America/Ojinaga", "America/Santa_Isabel", "America/Tijuana", "Mexico/BajaNorte",
    "Mexico/BajaSur", "Mexico/General",
)  # fmt: skip
"""Zones of the tz database whose country is MX (`zone.tab`), and the names they had before (`backward`)."""
