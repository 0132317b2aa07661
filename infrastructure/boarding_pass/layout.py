"""The layout of a pass: one upright A6, drawn on any object that implements Paper.

Rule: lengths are millimetres from the top left; a text shrinks to fit and never runs over.
"""

from typing import Literal, Protocol

from domain.booking import boarding_pass
from infrastructure.boarding_pass import arabic, wording
from infrastructure.boarding_pass.typeface import Weight

WIDTH = 105.0
HEIGHT = 148.0
MARGIN = 8.0
HEADER = 15.0
ROWS_FROM = 36.5
GAP = 3.0
AIRPORT_WIDTH = 36.0
# A text that does not fit shrinks to this part of its size; then its end is cut off.
SMALLEST = 0.6
SHRINKING = 0.95
ELLIPSIS = "…"

Ink = tuple[int, int, int]
WHITE: Ink = (255, 255, 255)
BLACK: Ink = (0, 0, 0)
NAVY: Ink = (16, 42, 86)
GREY: Ink = (96, 96, 96)

Side = Literal["left", "middle", "right"]


class Paper(Protocol):
    """What a pass is drawn on. `y` of a text is its baseline, `size` the em."""

    barcode_height: float

    def width(self, text: str, *, size: float, weight: Weight) -> float:
        """Return the width of the text in millimetres."""
        ...

    def text(
        self, text: str, *, x: float, y: float, size: float, weight: Weight, ink: Ink, side: Side
    ) -> None:
        """Draw the text as it is, glyph after glyph; `x` is the place of its named side."""
        ...

    def box(self, *, x: float, y: float, width: float, height: float, ink: Ink) -> None:
        """Fill a rectangle."""
        ...

    def barcode(self, text: str, *, x: float, y: float, width: float, height: float) -> None:
        """Draw the text as a bar code in the middle of the rectangle."""
        ...


def draw(facts: boarding_pass.BoardingPassFacts, paper: Paper) -> None:
    """Draw the whole pass; raises NameNotLatin or InvalidFacts before anything is drawn."""
    text = boarding_pass.bcbp(facts)
    rows = wording.rows(facts)
    _header(facts, paper)
    _route(facts, paper)
    barcode_from = HEIGHT - MARGIN - paper.barcode_height
    pitch = (barcode_from - ROWS_FROM) / len(rows)
    for number, row in enumerate(rows):
        _row(row, paper, y=ROWS_FROM + number * pitch)
    paper.barcode(
        text, x=MARGIN, y=barcode_from, width=WIDTH - 2 * MARGIN, height=paper.barcode_height
    )


def _header(facts: boarding_pass.BoardingPassFacts, paper: Paper) -> None:
    paper.box(x=0, y=0, width=WIDTH, height=HEADER, ink=NAVY)
    english, arabic_title = wording.TITLE
    text, size = fitted(paper, facts.airline or wording.UNKNOWN, width=WIDTH - 2 * MARGIN, size=4.6)
    _write(paper, text, x=MARGIN, y=6.5, size=size, weight="SemiBold", ink=WHITE)
    _write(paper, english, x=MARGIN, y=12, size=3.6, ink=WHITE)
    _write_arabic(paper, arabic_title, y=12, size=3.6, ink=WHITE, x=WIDTH - MARGIN)


def _route(facts: boarding_pass.BoardingPassFacts, paper: Paper) -> None:
    for words, airport, city, x in (
        (wording.FROM, facts.origin, facts.origin_city, MARGIN),
        (
            wording.TO,
            facts.destination,
            facts.destination_city,
            WIDTH - MARGIN - AIRPORT_WIDTH,
        ),
    ):
        _write(paper, words[0], x=x, y=19, size=2.6, ink=GREY)
        _write_arabic(paper, words[1], x=x + AIRPORT_WIDTH, y=19, size=2.6, ink=GREY)
        _write(paper, airport, x=x, y=29, size=11, weight="SemiBold", ink=NAVY)
        text, size = fitted(paper, wording.city(city), width=AIRPORT_WIDTH, size=3.6)
        _write(paper, text, x=x, y=33.6, size=size, weight="SemiBold", ink=NAVY)
    paper.text("→", x=WIDTH / 2, y=28, size=9, weight="Regular", ink=NAVY, side="middle")


def _row(row: tuple[wording.Cell, ...], paper: Paper, *, y: float) -> None:
    width = (WIDTH - 2 * MARGIN - GAP * (len(row) - 1)) / len(row)
    for number, cell in enumerate(row):
        x = MARGIN + number * (width + GAP)
        _write(paper, cell.english, x=x, y=y + 2.6, size=2.6, ink=GREY)
        _write_arabic(paper, cell.arabic, x=x + width, y=y + 2.6, size=2.6, ink=GREY)
        space = width
        if cell.value_arabic:
            _write_arabic(paper, cell.value_arabic, x=x + width, y=y + 7.2, size=3.4, ink=BLACK)
            arabic_width = paper.width(arabic.shaped(cell.value_arabic), size=3.4, weight="Regular")
            space = width - arabic_width - GAP / 2
        text, size = fitted(paper, cell.value, width=space, size=4.5)
        _write(paper, text, x=x, y=y + 7.2, size=size, weight="SemiBold", ink=BLACK)


def fitted(paper: Paper, text: str, *, width: float, size: float) -> tuple[str, float]:
    """Return the text and the size in which it is no wider than the width."""
    smallest = size * SMALLEST
    while size > smallest and paper.width(text, size=size, weight="SemiBold") > width:
        size = max(smallest, size * SHRINKING)
    kept = text
    while len(kept) > 1 and paper.width(kept, size=size, weight="SemiBold") > width:
        text = text[:-1].rstrip()
        kept = text + ELLIPSIS
    return kept, size


def _write(
    paper: Paper,
    text: str,
    *,
    x: float,
    y: float,
    size: float,
    ink: Ink,
    weight: Weight = "Regular",
) -> None:
    paper.text(text, x=x, y=y, size=size, weight=weight, ink=ink, side="left")


def _write_arabic(paper: Paper, text: str, *, x: float, y: float, size: float, ink: Ink) -> None:
    """Draw Arabic text so that it ends at `x`, its right-hand side."""
    shaped = arabic.shaped(text)
    paper.text(shaped, x=x, y=y, size=size, weight="Regular", ink=ink, side="right")
