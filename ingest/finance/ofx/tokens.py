"""OFX as a stream of tags, each with the text after it, its line and its source text.

One reader for SGML, where leaves need no end tag, and XML, since banks mix the two and leave out or invent headers.
Nothing is ever fetched or expanded: comments, declarations and processing instructions are passed over, and only the
five entities of XML, `&nbsp;` and character references mean something.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cauce.errors import SkippableError

_LONGEST = 4 * 1024 * 1024
"""Markup that has not ended after this many characters never will."""

_MARKUP = re.compile(
    r"<!--.*?-->"
    r"|<\?.*?\?>"
    r"|<!\[CDATA\[.*?\]\]>"
    r"|<!(?!--|\[CDATA\[)[^>]*>"
    r"|<(?P<end>/?)(?P<name>[A-Za-z][\w.\-]*+)[^<>]*+>"
    r"(?P<text>[^<]*+(?:<!\[CDATA\[.*?\]\]>[^<]*+)*+)(?=<[^!]|<!(?:--|[A-Za-z]))"
    r"|<(?:/(?=[^A-Za-z])|(?=[^A-Za-z/!?])|[^<>!?][^<>]*+(?=<))"  # a stray sign that a careless bank did not escape
    r"|(?P<open><)",
    re.DOTALL,
)
_END = "</"
"""Put after the last character, since what follows the text of a tag is a tag."""

_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_ENTITY = re.compile(r"&(amp|lt|gt|quot|apos|nbsp|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "nbsp": " "}


class Token(NamedTuple):
    """A start tag (`end` false) with the text that follows, or an end tag; `source` is both as they are in the file."""

    end: bool
    name: str
    text: str
    line: int
    source: str


def tokens(blocks: Iterable[str]) -> Iterator[Token]:
    """Take the tags out of text that comes in blocks, holding on to no more than what is still open."""
    line = 1
    rest = ""
    for block in _ended(blocks):
        rest += block
        counted = done = 0
        for match in _MARKUP.finditer(rest):
            start = match.start()
            if match["open"]:
                done = start
                break
            done = match.end()
            name = match["name"]
            if name is None:
                continue
            line += rest.count("\n", counted, start)
            counted = start
            yield Token(bool(match["end"]), name.upper(), unescaped(match["text"]), line, match[0])
        line += rest.count("\n", counted, done)
        rest = rest[done:]
        if len(rest) > _LONGEST:
            break
    if rest != _END:
        line += rest.count("\n", 0, max(rest.find("<!"), rest.find("<?"), 0))
        raise SkippableError("markup that begins here never ends", where=f"line {line}", action="export the file again")


def unescaped(text: str) -> str:
    """Decode CDATA sections and entities, and join the white space between words."""
    if "<" in text:
        text = _CDATA.sub(lambda match: match[1].replace("&", "&amp;"), text)
    if "&" in text:
        text = _ENTITY.sub(_character, text)
    return " ".join(text.split())


def _ended(blocks: Iterable[str]) -> Iterator[str]:
    yield from blocks
    yield _END


def _character(match: re.Match[str]) -> str:
    name = match[1]
    if name[0] != "#":
        return _NAMED[name]
    code = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
    legal = 0x20 <= code < 0xD800 or 0xE000 <= code <= 0x10FFFF
    return chr(code) if legal else match[0]
