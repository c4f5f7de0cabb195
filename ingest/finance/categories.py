"""What a transaction was for, told from the bank's transaction type and from words in its text."""

import re

from ingest.delimited import plain

DEFAULT = "sin_categoria"

_WORDS = {
    "supermercado": "walmart bodega_aurrera soriana chedraui la_comer costco sams_club heb superama supermercado "
    "supermarket grocery groceries oxxo seven_eleven 7_eleven mercado despensa",
    "restaurantes": "restaurante restaurant mcdonald mcdonalds mcdonald_s burger_king starbucks vips sanborns toks "
    "dominos pizza taqueria tacos cafe cafeteria coffee comida sushi rappi uber_eats ubereats didi_food",
    "gasolina": "pemex gasolinera gasolineria gasolina gas_station shell_oil chevron",
    "transporte": "uber didi cabify taxi metro metrobus autobus ado estacionamiento parking caseta peaje toll "
    "transporte",
    "servicios": "cfe telmex telcel izzi totalplay megacable naturgy agua luz electric electricity water_bill internet "
    "electric_bill gas_natural sacmex servicios utilities",
    "salud": "farmacia farmacias pharmacy doctor hospital clinica laboratorio dentista dental medico salud health",
    "suscripciones": "netflix spotify disney hbo prime_video amazon_prime icloud google_one youtube_premium openai "
    "chatgpt anthropic claude_ai suscripcion subscription",
    "nomina": "nomina payroll salario salary sueldo direct_deposit aguinaldo",
    "comisiones": "comision comisiones fee fees service_charge anualidad cargo_por_servicio iva_comision",
    "intereses": "intereses interes interest rendimientos rendimiento dividend dividends dividendo",
    "vivienda": "renta rent hipoteca mortgage mantenimiento predial vivienda housing",
    "educacion": "colegiatura escuela universidad school tuition curso udemy coursera educacion education",
    "entretenimiento": "cine cinepolis cinemex ticketmaster teatro concierto steam playstation xbox entretenimiento "
    "entertainment",
    "compras": "amazon mercado_libre mercadolibre mercadopago liverpool palacio_de_hierro coppel elektra zara shein "
    "compras shopping",
    "viajes": "aeromexico volaris vivaaerobus hotel airbnb booking expedia viajes travel",
    "efectivo": "cajero atm retiro_de_efectivo retiro_cajero cash_withdrawal disposicion",
    "impuestos": "pago_sat sat_pago impuesto impuestos isr tax taxes tenencia",
    "seguros": "seguro seguros insurance gnp axa qualitas",
    "transferencias": "transferencia traspaso transfer transferencias",
    "ahorro": "ahorro savings",
}
"""Words of each category, plainly written; several words joined by `_` stand side by side."""

_BY_BANK_TYPE = {
    "ATM": "efectivo",
    "CASH": "efectivo",
    "DIRECTDEP": "nomina",
    "DIV": "intereses",
    "FEE": "comisiones",
    "INT": "intereses",
    "SRVCHG": "comisiones",
    "XFER": "transferencias",
}

_CATEGORY_OF = {word: category for category, words in _WORDS.items() for word in words.split()}
# Longest first, so that "uber_eats" is found before "uber".
_PATTERN = re.compile(r"(?<![a-z0-9])(" + "|".join(sorted(_CATEGORY_OF, key=len, reverse=True)) + r")(?![a-z0-9])")


def categorise(bank_type: str, text: str) -> str:
    """Give the category slug of a transaction: by its OFX `TRNTYPE` where that says what it was for, else by words."""
    known = _BY_BANK_TYPE.get(bank_type)
    if known:
        return known
    found = _PATTERN.search(plain(text))
    return _CATEGORY_OF[found.group(1)] if found else DEFAULT


def category_slug(text: str) -> str:
    """Give the slug of a category a person wrote: ours for a word we know (`Groceries` → supermercado), else theirs."""
    slug = plain(text)[:100]
    return _CATEGORY_OF.get(slug, slug)
