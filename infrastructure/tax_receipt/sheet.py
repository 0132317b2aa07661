"""A page of A4 as PDF with text in both directions, lines and a QR code.

Rule: the same document always makes the same bytes; lengths are millimetres from the top left.
"""

import io
import re

import segno
from reportlab.lib.units import mm  # type: ignore[import-untyped]  # it ships no types
from reportlab.pdfbase import pdfmetrics, ttfonts  # type: ignore[import-untyped]
from reportlab.pdfgen import canvas  # type: ignore[import-untyped]

from infrastructure.boarding_pass import arabic, typeface
from infrastructure.boarding_pass.typeface import Weight

WIDTH = 210.0
HEIGHT = 297.0
SMALLEST = 0.5
QUIET_MODULES = 4
_ARABIC = re.compile("([\u0600-\u06ff]+(?:\\s+[\u0600-\u06ff]+)*)")
# What stands before and after the first and last letter or digit.
_EDGES = re.compile(r"([^\w(]*)(.*?)([^\w)%]*)", re.DOTALL)


def font_name(weight: Weight) -> str:
    """Return the library's name of the font of this weight."""
    return f"Receipt-{weight}"


for _weight in typeface.WEIGHTS:
    pdfmetrics.registerFont(ttfonts.TTFont(font_name(_weight), io.BytesIO(typeface.font(_weight))))


def drawn(text: str) -> str:
    """Return text as it is drawn from the left, with the letters of Arabic words joined.

    The parts of a text whose first letter is Arabic run from the right.
    """
    parts: list[str] = []
    for part in _ARABIC.split(text):
        edges = _EDGES.fullmatch(part)
        assert edges is not None
        parts += [arabic.shaped(part)] if _ARABIC.fullmatch(part) else edges.groups()
    first = next((letter for letter in text if letter.isalpha()), "")
    return "".join(reversed(parts) if _ARABIC.fullmatch(first) else parts)


class Sheet:
    """Pages in order; texts shrink to the width that they have."""

    def __init__(self, title: str) -> None:
        self._file = io.BytesIO()
        size = (WIDTH * mm, HEIGHT * mm)
        # Invariant leaves out the time and makes the file's id from its content.
        self._canvas = canvas.Canvas(self._file, pagesize=size, invariant=1, pageCompression=1)
        self._canvas.setTitle(title)

    def bytes(self) -> bytes:
        """Return the PDF file."""
        self._canvas.showPage()
        self._canvas.save()
        return self._file.getvalue()

    def next_page(self) -> None:
        """Go on with an empty page."""
        self._canvas.showPage()

    def text(
        self,
        text: str,
        *,
        x: float,
        y: float,
        width: float,
        size: float = 3.6,
        weight: Weight = "Regular",
        right: bool = False,
    ) -> None:
        """Draw a text from `x` to the right, or so that it ends there."""
        shown, name = drawn(text), font_name(weight)
        wanted = pdfmetrics.stringWidth(shown, name, size)
        if wanted > width:
            size = max(size * SMALLEST, size * width / wanted)
        self._canvas.setFont(name, size * mm)
        draw = self._canvas.drawRightString if right else self._canvas.drawString
        draw(x * mm, (HEIGHT - y) * mm, shown)

    def rule(self, *, x: float, y: float, width: float) -> None:
        """Draw a thin line across."""
        self._canvas.setLineWidth(0.2 * mm)
        self._canvas.line(x * mm, (HEIGHT - y) * mm, (x + width) * mm, (HEIGHT - y) * mm)

    def qr_code(self, text: str, *, x: float, y: float, width: float) -> None:
        """Draw a QR code (ISO/IEC 18004) with its quiet zone; `y` is its upper edge."""
        rows = [list(row) for row in segno.make(text, micro=False, error="m").matrix]
        module = width / (len(rows) + 2 * QUIET_MODULES)
        for row_number, row in enumerate(rows):
            for column, dark in enumerate(row):
                if dark:
                    left = x + (column + QUIET_MODULES) * module
                    lower = HEIGHT - y - (row_number + 1 + QUIET_MODULES) * module
                    self._canvas.rect(
                        left * mm, lower * mm, module * mm, module * mm, stroke=0, fill=1
                    )
