"""Where the people of the demo spend, and how often: Mexican life, with a New York and a Madrid edition."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spending:
    """Purchases of a category: how many a month, a typical amount in MXN, the share paid by card, and the shops.

    `code` is the merchant category code (ISO 18245) that a statement carries.
    """

    category: str
    code: int
    monthly: float
    typical: float
    by_card: float
    shops: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill on a day of every month (`every` 1) or every second one: amount in MXN, how much it varies."""

    category: str
    code: int
    day: int
    every: int
    amount: float
    spread: float
    by_card: bool
    names: dict[str, str]


FACTORS = {"MXN": 1.0, "USD": 0.17, "EUR": 0.1}
"""Not rates of exchange: what life costs, so that amounts look natural in each place."""

SPENDINGS = (
    Spending(
        "supermercado",
        5411,
        5.0,
        690.0,
        0.6,
        {
            "MXN": ("WALMART SUPERCENTER", "SORIANA HÍPER", "CHEDRAUI SELECTO", "LA COMER", "BODEGA AURRERÁ"),
            "USD": ("WALMART 2280", "COSTCO WHSE", "KEY FOOD SUPERMARKET"),
            "EUR": ("SUPERMERCADO MERCADONA", "SUPERMERCADO DÍA"),
        },
    ),
    Spending(
        "supermercado",
        5499,
        9.0,
        68.0,
        0.5,
        {
            "MXN": ("OXXO INSURGENTES", "OXXO CENTRO", "7-ELEVEN"),
            "USD": ("7-ELEVEN 2201",),
            "EUR": ("SUPERMERCADO SOL 24H",),
        },
    ),
    Spending(
        "restaurantes",
        5812,
        6.0,
        270.0,
        0.7,
        {
            "MXN": ("TACOS EL CALIFA", "SANBORNS", "VIPS REFORMA", "RESTAURANTE LA CASA DE TOÑO", "CAFÉ LA HABANA"),
            "USD": ("JOE'S PIZZA", "STARBUCKS 9TH AVE", "MCDONALD'S"),
            "EUR": ("RESTAURANTE LA LATINA", "CAFETERÍA ATOCHA"),
        },
    ),
    Spending(
        "gasolina",
        5541,
        2.5,
        640.0,
        0.4,
        {
            "MXN": ("GASOLINERA PEMEX 4512", "G500 GASOLINERA VIADUCTO"),
            "USD": ("SHELL OIL 57441",),
            "EUR": ("GASOLINERA REPSOL",),
        },
    ),
    Spending(
        "transporte",
        4121,
        4.0,
        110.0,
        0.9,
        {"MXN": ("UBER *TRIP", "DIDI MX"), "USD": ("UBER *TRIP",), "EUR": ("METRO MADRID", "CABIFY")},
    ),
    Spending(
        "salud",
        5912,
        1.6,
        240.0,
        0.5,
        {
            "MXN": ("FARMACIAS DEL AHORRO", "FARMACIA SAN PABLO", "FARMACIA GUADALAJARA"),
            "USD": ("CVS PHARMACY",),
            "EUR": ("FARMACIA ATOCHA",),
        },
    ),
    Spending(
        "compras",
        5311,
        1.5,
        580.0,
        0.9,
        {"MXN": ("AMAZON MX", "MERCADO LIBRE", "LIVERPOOL"), "USD": ("AMAZON.COM",), "EUR": ("AMAZON.ES", "ZARA")},
    ),
)
NETFLIX = "NETFLIX.COM"
BILLS = (
    Bill(
        "servicios",
        4900,
        12,
        2,
        640.0,
        0.35,
        False,
        {"MXN": "CFE SUMINISTRADOR SERV BASICOS", "USD": "CON EDISON ELECTRIC", "EUR": "IBERDROLA LUZ"},
    ),
    Bill(
        "servicios",
        4900,
        18,
        2,
        310.0,
        0.2,
        False,
        {"MXN": "SACMEX AGUA", "USD": "NYC WATER BILL", "EUR": "CANAL DE ISABEL II AGUA"},
    ),
    Bill(
        "servicios",
        4814,
        5,
        1,
        599.0,
        0.0,
        False,
        {"MXN": "TELMEX INFINITUM", "USD": "SPECTRUM INTERNET", "EUR": "MOVISTAR INTERNET"},
    ),
    Bill("suscripciones", 4899, 8, 1, 219.0, 0.0, True, {"MXN": NETFLIX, "USD": NETFLIX, "EUR": NETFLIX}),
    Bill(
        "suscripciones",
        4899,
        20,
        1,
        129.0,
        0.0,
        True,
        {"MXN": "SPOTIFY MX", "USD": "SPOTIFY USA", "EUR": "SPOTIFY ES"},
    ),
)
RENT = {"MXN": "RENTA DEPTO", "USD": "RENT APT 4B", "EUR": "RENTA PISO"}
PAY = {"MXN": "NÓMINA QUINCENAL", "USD": "PAYROLL DIRECT DEP", "EUR": "NÓMINA"}
BONUS = {"MXN": "AGUINALDO", "USD": "YEAR-END BONUS", "EUR": "PAGA EXTRA"}
TO_SAVINGS = {"MXN": "TRASPASO A CUENTA DE AHORRO", "USD": "TRANSFER TO SAVINGS", "EUR": "TRASPASO A AHORRO"}
FROM_CHECKING = {"MXN": "TRASPASO DE CUENTA DE DÉBITO", "USD": "TRANSFER FROM CHECKING", "EUR": "TRASPASO DE CUENTA"}
CARD_PAID = {"MXN": "PAGO TARJETA DE CRÉDITO", "USD": "CREDIT CARD PAYMENT", "EUR": "PAGO TARJETA"}
CARD_THANKS = {"MXN": "SU PAGO, GRACIAS", "USD": "PAYMENT, THANK YOU", "EUR": "PAGO RECIBIDO"}
