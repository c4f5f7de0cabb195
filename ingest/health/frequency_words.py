"""The words of frequencies, plainly written (small letters, no accents)."""

from decimal import Decimal

NUMBERS = {
    **dict.fromkeys(("un", "una", "uno", "one"), 1),
    **dict.fromkeys(("dos", "two"), 2),
    **dict.fromkeys(("tres", "three"), 3),
    **dict.fromkeys(("cuatro", "four"), 4),
    **dict.fromkeys(("cinco", "five"), 5),
    **dict.fromkeys(("seis", "six"), 6),
    **dict.fromkeys(("siete", "seven"), 7),
    **dict.fromkeys(("ocho", "eight"), 8),
    **dict.fromkeys(("diez", "ten"), 10),
    **dict.fromkeys(("doce", "twelve"), 12),
    **dict.fromkeys(("veinticuatro",), 24),
}

CODES = {
    **dict.fromkeys(("qd", "od", "qam", "qpm", "qhs", "hs"), Decimal(1)),
    **dict.fromkeys(("bid", "bd"), Decimal(2)),
    **dict.fromkeys(("tid", "tds"), Decimal(3)),
    **dict.fromkeys(("qid", "qds"), Decimal(4)),
}
"""Doses a day by the Latin codes of prescriptions, FHIR's timing codes included."""

SLOTS = {
    r"mananas?|desayuno|desayunar|ayunas|morning|breakfast|am": "morning",
    r"mediodia|comer|comida|almuerzo|noon|lunch": "noon",
    r"tardes?|afternoon": "afternoon",
    r"noches?|cena|cenar|acostarse|dormir|night|bedtime|evening|dinner|supper|pm": "night",
}
"""Times of day a dose can be tied to; words for the same time count once."""

DAYS = {
    r"lunes|lun|monday|mon": 1,
    r"martes|tuesday|tue": 2,
    r"miercoles|mie|wednesday|wed": 3,
    r"jueves|jue|thursday|thu": 4,
    r"viernes|vie|friday|fri": 5,
    r"sabados?|sab|saturday|sat": 6,
    r"domingos?|dom|sunday|sun": 7,
}
