import pytest
from hypothesis import given
from hypothesis import strategies as st

from cauce.errors import SkippableError
from ingest.finance.ofx.tokens import Token, tokens, unescaped
from tests.ingest.finance.reading import DATA

PIECES = st.sampled_from(
    [
        "<A>",
        "<NAME>text",
        "</A>",
        "\n",
        " a < b ",
        "<!-- <X> -->",
        "<![CDATA[<y> & z]]>",
        "<?pi?>",
        "&amp;",
        "<B/>",
        "<!D x>",
    ]
)


def brief(text: str) -> list[tuple[bool, str, str]]:
    return [(token.end, token.name, token.text) for token in tokens([text])]


@given(st.lists(PIECES, max_size=12).map("".join), st.integers(1, 7))
def test_where_blocks_are_cut_makes_no_difference(text, size):
    cut = (text[at : at + size] for at in range(0, len(text), size))
    assert list(tokens(cut)) == list(tokens([text]))


@pytest.mark.parametrize("file", ["two_accounts.ofx", "investment.ofx"])
def test_a_file_in_blocks_of_one_character_is_the_same_file(file):
    text = (DATA / file).read_bytes().decode("cp1252")
    assert list(tokens(text)) == list(tokens([text]))


def test_leaves_with_and_without_an_end_tag():
    assert brief("<A><CODE>0<SEV>INFO</SEV></A>") == [
        (False, "A", ""),
        (False, "CODE", "0"),
        (False, "SEV", "INFO"),
        (True, "SEV", ""),
        (True, "A", ""),
    ]


def test_signs_that_are_no_markup_are_text():
    assert brief("<MEMO>A < B <NAME>C</NAME>") == [(False, "MEMO", "A"), (False, "NAME", "C"), (True, "NAME", "")]


def test_lines_are_counted_across_comments_and_declarations():
    text = "<!DOCTYPE x>\n<!-- \n <NO> -->\n<A>\n<B>b"
    assert [(token.name, token.line) for token in tokens(text)] == [("A", 4), ("B", 5)]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("AT&amp;T &lt;3&gt; &quot;&apos;", "AT&T <3> \"'"),
        ("&#233;&#xE9;&nbsp;x", "éé x"),
        ("&secret; &copy; R&D &#0; &#xD800;", "&secret; &copy; R&D &#0; &#xD800;"),
        ("a \n\t b", "a b"),
        ("<![CDATA[&amp; <b>]]> &amp;", "&amp; <b> &"),
    ],
)
def test_only_the_entities_of_xml_and_characters_mean_something(text, read):
    assert unescaped(text) == read


def test_the_last_tag_of_a_file_that_is_cut_off_is_left_out():
    assert list(tokens(["<A>x<B"])) == [Token(False, "A", "x", 1, "<A>x")]


@pytest.mark.parametrize("text", ["<A>\n<!-- x", "<A>\n<![CDATA[x", "<A>\n<" + "b" * 5_000_000])
def test_markup_that_never_ends_is_told_with_its_line(text):
    with pytest.raises(SkippableError, match="line 2"):
        list(tokens(text[at : at + 65536] for at in range(0, len(text), 65536)))
