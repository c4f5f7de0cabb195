"""Both languages say everything, with the same placeholders."""

import re
from pathlib import Path
from string import Formatter

from app_streamlit.catalog import ENTRIES
from app_streamlit.texts import Texts, catalogue
from cauce import billing


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys():
    assert set(catalogue("es")) == set(catalogue("en"))


def test_both_languages_fill_the_same_placeholders():
    spanish, english = catalogue("es"), catalogue("en")
    differing = {key for key in spanish if placeholders(spanish[key]) != placeholders(english[key])}
    assert not {key for key in differing if not key.endswith(".one")}
    assert all(placeholders(catalogue(name)[key]) <= {"n"} for name in ("es", "en") for key in differing)


def test_no_text_is_empty_or_untranslated():
    same = {key for key, text in catalogue("es").items() if text == catalogue("en")[key] and len(text.split()) > 2}
    assert not same
    assert all(text.strip() == text and text for name in ("es", "en") for text in catalogue(name).values())


def test_every_key_used_in_the_code_exists():
    folder = ENTRIES[0].file.parents[2]
    used = {
        key
        for file in folder.rglob("*.py")
        for key in re.findall(r"""\bt\(\s*"([a-z_]+(?:\.[a-z_0-9]+)+)\"""", file.read_text(encoding="utf-8"))
    }
    assert len(used) > 60
    assert used <= set(catalogue("es"))


def test_every_refusal_of_the_core_has_a_text_that_its_values_fill():
    raised = {
        rule: set(re.findall(r'"([a-z]+)":', about))
        for file in sorted(Path(billing.__file__).parent.glob("*.py"))
        for rule, about in re.findall(
            r'Error\((?:(?!Error\().)*?rule="([a-z_]+)"(?:,\s*about=\{([^}]*)\})?',
            file.read_text(encoding="utf-8"),
            re.DOTALL,
        )
        if file.stem != "model_prices"
    }
    texts = catalogue("es")
    assert {key.removeprefix("refused.") for key in texts if key.startswith("refused.")} == {*raised, "nothing_done"}
    assert all(placeholders(texts[f"refused.{rule}"]) <= values for rule, values in raised.items())


def test_one_and_many_are_told_apart():
    t = Texts("es")
    assert t.count("marts.rows", 1) == "1 fila"
    assert t.count("marts.rows", 2) == "2 filas"


def test_an_unknown_language_reads_spanish_and_an_unknown_name_stays():
    assert Texts("fr")("nav.sign_out") == "Cerrar sesión"
    assert Texts("en").either("category.tamales", "tamales") == "tamales"
