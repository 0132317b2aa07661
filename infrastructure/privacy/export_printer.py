"""A person's data as a PDF of A4 pages: one line for each value, under titles.

Rule: the drawing library is loaded for the first file, not at the start of a process.
"""

import textwrap
from collections.abc import Iterator
from typing import Any

from infrastructure.boarding_pass import typeface

MARGIN = 18.0
INNER = 174.0
BOTTOM = 282.0
ROW = 4.6
INDENT = 4.0
WIDTH_CHARACTERS = 110
DEPTH_LIMIT = 20


class PdfExportPrinter:
    """`application.privacy.ports.ExportPrinter` that draws in this process; it has no state."""

    @typeface.one_at_a_time
    def pdf(self, title: str, data: Any) -> bytes:
        """Return the JSON value as a PDF."""
        from infrastructure.tax_receipt.sheet import Sheet

        sheet = Sheet(title)
        sheet.text(title, x=MARGIN, y=MARGIN, width=INNER, size=5, weight="SemiBold")
        y = MARGIN + 2 * ROW
        for depth, text in lines(data):
            if y > BOTTOM:
                sheet.next_page()
                y = MARGIN
            left = min(depth, 8) * INDENT
            sheet.text(text, x=MARGIN + left, y=y, width=INNER - left, size=2.8)
            y += ROW
        return sheet.bytes()


def lines(value: Any, name: str = "", depth: int = 0) -> Iterator[tuple[int, str]]:
    """Return each value as lines with its depth; empty lists and absent values are left out."""
    assert depth < DEPTH_LIMIT
    if value is None or value in ([], {}):
        return
    if isinstance(value, dict):
        if name:
            yield depth, f"{name}:"
        for member, each in value.items():
            yield from lines(each, str(member), depth + bool(name))
    elif isinstance(value, list):
        yield depth, f"{name}:"
        for number, each in enumerate(value, start=1):
            yield from lines(each, f"{number}", depth + 1)
    else:
        text = f"{name}: {value}"
        for number, part in enumerate(textwrap.wrap(text, WIDTH_CHARACTERS) or [text]):
            yield depth + bool(number), part
