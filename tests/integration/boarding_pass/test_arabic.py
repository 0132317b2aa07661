"""The Arabic of a pass is joined as it is written by hand, and the font has all of its letters."""

import unicodedata

import pytest
from reportlab.pdfbase import pdfmetrics  # type: ignore[import-untyped]  # it ships no types

from infrastructure.airports.world import load_airports
from infrastructure.boarding_pass import arabic, page, typeface, wording
from tests.support import boarding_passes


def cities() -> set[str]:
    return {letter for each in load_airports().values() for letter in wording.city(each.city)}


def words() -> list[str]:
    passes = (
        *(boarding_passes.EXAMPLE, boarding_passes.INFANT, boarding_passes.BARE),
        boarding_passes.WITH_INFANT,
    )
    cells = [cell for facts in passes for row in wording.rows(facts) for cell in row]
    labels = [text for cell in cells for text in (cell.arabic, cell.value_arabic) if text]
    titles = [pair[1] for pair in (wording.TITLE, wording.FROM, wording.TO)]
    values = [arabic_name for _, arabic_name in (*wording.KINDS.values(), *wording.CABINS.values())]
    return labels + titles + values


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("من", "MEEM INITIAL, NOON FINAL"),
        ("إلى", "ALEF WITH HAMZA BELOW ISOLATED, LAM INITIAL, ALEF MAKSURA FINAL"),
        ("بالغ", "BEH INITIAL, ALEF FINAL, LAM INITIAL, GHAIN FINAL"),
        ("طفل", "TAH INITIAL, FEH MEDIAL, LAM FINAL"),
        ("الإ", "ALEF ISOLATED, LIGATURE LAM WITH ALEF WITH HAMZA BELOW ISOLATED"),
        ("بلا", "BEH INITIAL, LIGATURE LAM WITH ALEF FINAL"),
        ("دور", "DAL ISOLATED, WAW ISOLATED, REH ISOLATED"),
        ("ضوء", "DAD INITIAL, WAW FINAL, HAMZA ISOLATED"),
        ("فئة", "FEH INITIAL, YEH WITH HAMZA ABOVE MEDIAL, TEH MARBUTA FINAL"),
    ],
)
def test_letters_take_the_form_of_their_place(text: str, places: str) -> None:
    drawn = [
        unicodedata.name(letter)
        .removeprefix("ARABIC ")
        .replace("LETTER ", "")
        .removesuffix(" FORM")
        for letter in reversed(arabic.shaped(text))
    ]
    assert ", ".join(drawn) == places


def test_words_stand_from_right_to_left_and_do_not_join_across_a_space() -> None:
    assert arabic.shaped("من من") == f"{arabic.shaped('من')} {arabic.shaped('من')}"
    assert arabic.shaped("رقم الحجز").endswith(arabic.shaped("رقم"))


@pytest.mark.parametrize("weight", typeface.WEIGHTS)
def test_the_font_has_every_letter_that_a_pass_can_show(weight: typeface.Weight) -> None:
    glyphs = pdfmetrics.getFont(page.font_name(weight)).face.charToGlyph
    assert len(words()) > 20
    shown = {letter for text in words() for letter in arabic.shaped(text)}
    latin = {chr(code) for code in range(0x20, 0x7F)} | {wording.UNKNOWN, "→", "…"}
    assert sorted(letter for letter in shown | latin | cities() if ord(letter) not in glyphs) == []
