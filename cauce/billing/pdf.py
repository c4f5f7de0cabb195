"""A PDF of plain pages: text in the fonts every reader has, and lines. The same content is the same bytes.

What an invoice needs of PDF 1.4 (ISO 32000) and no more; text is Windows-1252, in which Spanish and English are written
(a character beyond it becomes a question mark). Nothing is compressed: the bytes depend on no version of a library.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

LETTER = (612, 792)
"""Width and height of a page, in points (1/72 inch), measured from the lower left corner."""

FONTS = {"text": "Helvetica", "bold": "Helvetica-Bold", "fixed": "Courier"}
FIXED_WIDTH = 0.6
"""Width of each character of the fixed font, in its size: what is right-aligned is written in it."""


@dataclass(slots=True)
class Page:
    """One page; what is written on it stays in that order."""

    parts: list[str] = field(default_factory=list)

    def text(self, x: float, y: float, text: str, *, font: str = "text", size: float = 9) -> None:
        """Write from `x` to the right, on the line `y`."""
        escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        clean = "".join(" " if ord(sign) < ord(" ") else sign for sign in escaped)
        self.parts.append(f"BT /{font} {size:g} Tf {x:g} {y:g} Td ({clean}) Tj ET")

    def right(self, x: float, y: float, text: str, *, size: float = 9) -> None:
        """Write in the fixed font so that it ends at `x`."""
        self.text(round(x - len(text) * FIXED_WIDTH * size, 2), y, text, font="fixed", size=size)

    def rule(self, x: float, y: float, to: float) -> None:
        """Draw a thin horizontal line."""
        self.parts.append(f"0.5 w {x:g} {y:g} m {to:g} {y:g} l S")


def write(pages: Iterable[Page], *, title: str, made_at: datetime | None) -> bytes:
    """Put pages together; `made_at` is when the document says that it was made."""
    contents = ["\n".join(page.parts).encode("cp1252", errors="replace") for page in pages]
    first = 4 + len(FONTS)
    fonts = " ".join(f"/{name} {4 + n} 0 R" for n, name in enumerate(FONTS))
    kids = " ".join(f"{first + 2 * n} 0 R" for n in range(len(contents)))
    made = "" if made_at is None else f" /CreationDate (D:{made_at:%Y%m%d%H%M%S}Z)"
    named = title.encode("utf-16-be").hex().upper()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(contents)} >>".encode(),
        f"<< /Title <FEFF{named}> /Producer (Cauce){made} >>".encode(),
        *(
            f"<< /Type /Font /Subtype /Type1 /BaseFont /{font} /Encoding /WinAnsiEncoding >>".encode()
            for font in FONTS.values()
        ),
    ]
    for n, content in enumerate(contents):
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {LETTER[0]} {LETTER[1]}]"
            f" /Resources << /Font << {fonts} >> >> /Contents {first + 2 * n + 1} 0 R >>".encode(),
            f"<< /Length {len(content)} >>\nstream\n".encode() + content + b"\nendstream",
        ]
    return _assembled(objects)


def _assembled(objects: list[bytes]) -> bytes:
    body = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table = len(body)
    mark = hashlib.sha256(body).hexdigest()[:32].upper()
    body += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    body += b"".join(f"{place:010} 00000 n \n".encode() for place in places)
    body += (
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info 3 0 R /ID [<{mark}> <{mark}>] >>\n"
        f"startxref\n{table}\n%%EOF\n"
    ).encode()
    return bytes(body)
