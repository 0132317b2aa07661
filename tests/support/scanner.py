"""Reads pictures and pages as a gate does: with a decoder that shares nothing with the printer."""

import io

import pypdfium2  # type: ignore[import-untyped]  # it ships no types
import zxingcpp
from PIL import Image

DOTS_PER_INCH = 200
POINTS_PER_INCH = 72


def picture(png: bytes) -> Image.Image:
    """The picture in a PNG file."""
    return Image.open(io.BytesIO(png), formats=["PNG"])


def printed(pdf: bytes) -> Image.Image:
    """The only page of a PDF file as an office printer puts it on paper."""
    document = pypdfium2.PdfDocument(pdf)
    assert len(document) == 1
    image = document[0].render(scale=DOTS_PER_INCH / POINTS_PER_INCH).to_pil()
    assert isinstance(image, Image.Image)
    return image


def page_text(pdf: bytes) -> str:
    """The text of the page, as a screen reader or a search finds it."""
    return str(pypdfium2.PdfDocument(pdf)[0].get_textpage().get_text_range())


def page_texts(pdf: bytes) -> list[str]:
    """The text of each page."""
    pages = pypdfium2.PdfDocument(pdf)
    return [str(page.get_textpage().get_text_range()) for page in pages]


def barcodes(image: Image.Image) -> list[tuple[str, str]]:
    """Symbology and text of every bar code in the picture."""
    return [(str(found.format), found.text) for found in zxingcpp.read_barcodes(image)]
