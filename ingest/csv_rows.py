"""The physical rows of delimited text: a broken one costs itself and nothing else, and each knows its line."""

import csv
import io
from collections.abc import Iterator

_LINES_OF_A_ROW = 100
_LONGEST_LINE = 1_000_000


def physical_rows(text: io.TextIOWrapper, delimiter: str) -> Iterator[tuple[int, str, list[str] | None]]:
    """Give each row that is not empty: the line it begins on, its text, and its cells; None when quotes are broken.

    A row whose quotes never close costs its first line; reading goes on with the next.
    """
    lines = _Lines(text)
    reader = lines.reader(delimiter)
    while True:
        start = lines.number + 1
        lines.row = []
        cells: list[str] | None
        try:
            cells = next(reader, None)
            if cells is None:
                return
            raw = "".join(lines.row)
        except csv.Error:
            lines.put_back_all_but_first()
            reader = lines.reader(delimiter)
            cells, raw = None, lines.row[0]
        if raw.strip():
            yield start, raw.rstrip("\r\n"), cells


class _Lines:
    """Numbered lines that can be put back, and that stop a row from swallowing the rest of the file."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._back: list[str] = []
        self.number = 0
        self.row: list[str] = []

    def reader(self, delimiter: str) -> Iterator[list[str]]:
        return csv.reader(iter(self), delimiter=delimiter, strict=True)

    def put_back_all_but_first(self) -> None:
        extra = self.row[1:]
        self._back.extend(reversed(extra))
        self.number -= len(extra)

    def __iter__(self) -> Iterator[str]:
        while line := self._back.pop() if self._back else self._next():
            self.number += 1
            self.row.append(line)
            if len(line) >= _LONGEST_LINE:
                raise csv.Error("a line is too long to be a row")
            yield line
            if len(self.row) == _LINES_OF_A_ROW:
                raise csv.Error("a quoted cell goes on for too many lines")

    def _next(self) -> str:
        """Give the next line; of one that is too long to be a row, only the beginning is kept."""
        line = tail = self._text.readline(_LONGEST_LINE)
        while len(tail) == _LONGEST_LINE and not tail.endswith(("\n", "\r")):
            tail = self._text.readline(_LONGEST_LINE)
        return line
