"""A pass as a picture for the screen of a phone: PNG with a QR code (ISO/IEC 18004).

Rule: the same pixels everywhere: the modules of the code are whole pixels, and letters are set
by Pillow's own layout, whichever shaping library the machine has.
"""

import io

import segno
from PIL import Image, ImageDraw, ImageFont

from domain.booking import boarding_pass
from infrastructure.boarding_pass import layout, typeface
from infrastructure.boarding_pass.typeface import Weight

PIXELS_PER_MILLIMETRE = 8
QUIET_ZONE = 4
ANCHORS: dict[layout.Side, str] = {"left": "ls", "middle": "ms", "right": "rs"}


def png(facts: boarding_pass.BoardingPassFacts) -> bytes:
    """Return a PNG of 840 by 1184 pixels; raises NameNotLatin or InvalidFacts."""
    paper = Screen()
    layout.draw(facts, paper)
    return paper.bytes()


class Screen:
    """`layout.Paper` made of pixels."""

    barcode_height = 50.0

    def __init__(self) -> None:
        size = (_pixels(layout.WIDTH), _pixels(layout.HEIGHT))
        self._image = Image.new("RGB", size, layout.WHITE)
        self._pen = ImageDraw.Draw(self._image)
        # Threads must not share a FreeType face: each picture opens its own.
        self._files = {weight: typeface.font(weight) for weight in typeface.WEIGHTS}
        self._fonts: dict[tuple[Weight, float], ImageFont.FreeTypeFont] = {}

    def bytes(self) -> bytes:
        """Return the PNG file."""
        file = io.BytesIO()
        self._image.save(file, "PNG")
        return file.getvalue()

    def width(self, text: str, *, size: float, weight: Weight) -> float:
        """Return the width of the text in millimetres."""
        return self._font(weight, size).getlength(text) / PIXELS_PER_MILLIMETRE

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
        place = (_pixels(x), _pixels(y))
        self._pen.text(place, text, ink, self._font(weight, size), anchor=ANCHORS[side])

    def box(self, *, x: float, y: float, width: float, height: float, ink: layout.Ink) -> None:
        """Fill the rectangle, its edges on whole pixels."""
        right, bottom = _pixels(x + width) - 1, _pixels(y + height) - 1
        self._pen.rectangle((_pixels(x), _pixels(y), right, bottom), ink)

    def barcode(self, text: str, *, x: float, y: float, width: float, height: float) -> None:
        """Draw a QR code of the largest whole module, with its quiet zone."""
        modules = segno.make_qr(text, error="m").matrix
        count = len(modules) + 2 * QUIET_ZONE
        scale = _pixels(min(width, height)) // count
        left = _pixels(x + width / 2) - count * scale // 2 + QUIET_ZONE * scale
        top = _pixels(y + height / 2) - count * scale // 2 + QUIET_ZONE * scale
        for row, line in enumerate(modules):
            for column, dark in enumerate(line):
                if dark:
                    corner = (left + column * scale, top + row * scale)
                    end = (corner[0] + scale - 1, corner[1] + scale - 1)
                    self._pen.rectangle((corner, end), layout.BLACK)

    def _font(self, weight: Weight, size: float) -> ImageFont.FreeTypeFont:
        if (weight, size) not in self._fonts:
            self._fonts[weight, size] = ImageFont.truetype(
                io.BytesIO(self._files[weight]),
                size * PIXELS_PER_MILLIMETRE,
                layout_engine=ImageFont.Layout.BASIC,
            )
        return self._fonts[weight, size]


def _pixels(millimetres: float) -> int:
    return round(millimetres * PIXELS_PER_MILLIMETRE)
