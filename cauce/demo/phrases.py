"""Short Spanish prompts and answers, by agent; most events carry none, as most services keep none."""

PHRASES: dict[str, tuple[tuple[str, str], ...]] = {
    "asistente-financiero": (
        ("¿Cuánto llevo gastado en restaurantes este mes?", "Llevas 1,840.50 MXN, el 92 % de tu presupuesto."),
        ("Ayúdame a apartar para la renta", "Aparta 4,250 MXN cada quincena y la tendrás completa el día 1."),
        ("¿Me conviene pagar la tarjeta de contado?", "Sí: así no generas intereses en el próximo corte."),
    ),
    "asistente-de-salud": (
        ("Recuérdame para qué tomo losartán", "Es para tu presión. Cualquier cambio, háblalo con tu médica."),
        ("¿Cómo estuvo mi glucosa esta semana?", "El promedio fue 118 mg/dL, dentro del rango que anotaste."),
        ("Se me olvidó la dosis de anoche", "No dupliques la siguiente. Anótala como omitida."),
    ),
    "redactor-de-textos": (
        ("Escribe un correo para posponer la junta", "Estimado equipo: propongo mover la junta al jueves a las 10:00."),
        ("Hazlo más breve, por favor", "Equipo: ¿movemos la junta al jueves a las 10?"),
    ),
    "programador": (
        ("¿Por qué falla este JOIN?", "Porque la llave tiene nulos; usa IS NOT DISTINCT FROM o límpiala antes."),
        ("Explica qué es un índice parcial", "Un índice que sólo guarda las filas que cumplen una condición."),
        ("Escribe una prueba para la función", "def test_suma():\n    assert suma(2, 2) == 4"),
    ),
    "tutor-de-estudio": (
        ("Explícame la fotosíntesis como si tuviera 10 años", "Las plantas cocinan su comida con luz, agua y aire."),
        (
            "Hazme tres preguntas de la Revolución",
            '1) ¿Quién escribió el Plan de Ayala? 2) ¿En qué año? 3) ¿Por "qué"?',
        ),
    ),
    "traductor": (
        ("Traduce: the invoice is overdue", "La factura está vencida."),
        ("¿Cómo se dice «chido» en inglés?", "Depende del tono: «cool» o «awesome»."),
    ),
    "investigador": (
        (
            "Resume las fuentes sobre energía eólica en Oaxaca",
            "Coinciden en el potencial; difieren en el impacto social.",
        ),
        ("Compara dos planes de fibra", "El primero es más rápido; el segundo, 120 MXN más barato al mes."),
    ),
    "organizador-de-viajes": (
        ("Tres días en Oaxaca con 6,000 pesos", "Día 1: centro y mercados. Día 2: Monte Albán. Día 3: Hierve el Agua."),
        ("¿Cómo llego de Mérida a Valladolid?", "En autobús son dos horas y media; sale uno cada hora."),
    ),
}
ERRORS = (
    "rate_limit_exceeded: too many requests",
    "upstream timeout after 60 s",
    "context_length_exceeded",
    "server_error: the provider answered 503",
)
