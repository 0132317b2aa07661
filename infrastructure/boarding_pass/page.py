"""A pass as a page to print: PDF of A6 with a PDF417 code (ISO/IEC 15438), text as text.

Rule: the file holds nothing but the pass: no time, no random id, only the letters it uses.
"""

import io
import itertools

import pdf417gen  # type: ignore[import-untyped]  # it ships no types
from reportlab.lib.units import mm  # type: ignore[import-untyped]  # it ships no types
from reportlab.pdfbase import pdfmetrics, ttfonts  # type: ignore[import-untyped]
from reportlab.pdfgen import canvas  # type: ignore[import-untyped]

from domain.booking import boarding_pass
from infrastructure.boarding_pass import layout, typeface
from infrastructure.boarding_pass.typeface import Weight

# Paper takes PDF417 (Resolution 792). Correction level 3 suits 41 to 160 code words; rows are
# four modules high, and the quiet zone is twice what the symbology asks for.
COLUMNS = 8
CORRECTION = 3
ROW_MODULES = 4
QUIET_MODULES = 4
LARGEST_MODULE = 0.4


@typeface.one_at_a_time
def pdf(facts: boarding_pass.BoardingPassFacts) -> bytes:
    """Return the pass as a PDF of one page; raises NameNotLatin or InvalidFacts."""
    paper = Sheet(f"{boarding_pass.carriage_name(facts)} {facts.carrier}{facts.flight_number}")
    layout.draw(facts, paper)
    return paper.bytes()


def _register_fonts() -> None:
    """Register the fonts once per process, by name: parsing one takes milliseconds."""
    for weight in typeface.WEIGHTS:
        font = ttfonts.TTFont(font_name(weight), io.BytesIO(typeface.font(weight)))
        pdfmetrics.registerFont(font)


def font_name(weight: Weight) -> str:
    """Return the library's name of the font of this weight."""
    return f"Pass-{weight}"


# While the module is imported, under its lock: a font replaced later would spoil a page that
# another thread is drawing.
_register_fonts()


class Sheet:
    """`layout.Paper` made of PDF operators, which count from the bottom in points."""

    barcode_height = 26.0

    def __init__(self, title: str) -> None:
        self._file = io.BytesIO()
        size = (layout.WIDTH * mm, layout.HEIGHT * mm)
        # Invariant leaves out the time and makes the file's id from its content.
        self._canvas = canvas.Canvas(self._file, pagesize=size, invariant=1, pageCompression=1)
        self._canvas.setTitle(title)

    def bytes(self) -> bytes:
        """Return the PDF file."""
        self._canvas.showPage()
        self._canvas.save()
        return self._file.getvalue()

    def width(self, text: str, *, size: float, weight: Weight) -> float:
        """Return the width of the text in millimetres."""
        return float(pdfmetrics.stringWidth(text, font_name(weight), size))

    def text(
        self,
        text: str,
        *,
        x: float,
        y: float,
        size: float,
        weight: Weight,
        ink: layout.Ink,
        side: layout.Side,
    ) -> None:
        """Draw the text as it is."""
        self._canvas.setFillColorRGB(*(part / 255 for part in ink))
        self._canvas.setFont(font_name(weight), size * mm)
        shift = {"left": 0.0, "middle": 0.5, "right": 1.0}[side]
        start = x - shift * self.width(text, size=size, weight=weight)
        self._canvas.drawString(start * mm, (layout.HEIGHT - y) * mm, text)

    def box(self, *, x: float, y: float, width: float, height: float, ink: layout.Ink) -> None:
        """Fill the rectangle."""
        self._canvas.setFillColorRGB(*(part / 255 for part in ink))
        bottom = (layout.HEIGHT - y - height) * mm
        self._canvas.rect(x * mm, bottom, width * mm, height * mm, stroke=0, fill=1)

    def barcode(self, text: str, *, x: float, y: float, width: float, height: float) -> None:
        """Draw a PDF417 code as wide as fits with its quiet zone."""
        lines = [
            "".join(f"{word:b}" for word in row)
            for row in pdf417gen.encode(text, columns=COLUMNS, security_level=CORRECTION)
        ]
        module = min(
            LARGEST_MODULE,
            width / (len(lines[0]) + 2 * QUIET_MODULES),
            height / (len(lines) * ROW_MODULES),
        )
        row_height = module * ROW_MODULES
        left = x + (width - len(lines[0]) * module) / 2
        top = y + (height - len(lines) * row_height) / 2
        for number, line in enumerate(lines):
            for start, length in _bars(line):
                self.box(
                    x=left + start * module,
                    y=top + number * row_height,
                    width=length * module,
                    height=row_height,
                    ink=layout.BLACK,
                )


def _bars(line: str) -> list[tuple[int, int]]:
    """Return where each run of ones starts, and how long it is."""
    bars = []
    start = 0
    for dark, run in itertools.groupby(line):
        length = len(list(run))
        if dark == "1":
            bars.append((start, length))
        start += length
    return bars
