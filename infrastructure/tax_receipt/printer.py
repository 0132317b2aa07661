"""The printer of tax documents: a page of A4 in Arabic and English, and one for the conditions.

Rule: the drawing library is loaded for the first document, not at the start of a process.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from application.booking import condition_words
from application.invoicing import qr_code
from application.invoicing.ports import SoldFare
from application.invoicing.qr_code import decimal
from application.mail import Language
from domain.invoicing import lines as line_rules
from domain.invoicing.events import TaxDocumentIssued
from domain.invoicing.lines import TaxLine
from domain.invoicing.parties import Address, Buyer
from domain.invoicing.rates import RIYAL, displayed
from domain.kernel import ids
from domain.pricing.tax import VAT_PERCENT
from infrastructure.boarding_pass import typeface
from infrastructure.tax_receipt import wording
from infrastructure.tax_receipt.wording import Words

if TYPE_CHECKING:
    from infrastructure.tax_receipt.sheet import Sheet

MARGIN = 18.0
INNER = 174.0
ROW = 7.0
LABEL = 42.0
QR_WIDTH = 45.0
# Right-hand sides of the columns of amounts.
COLUMNS = (MARGIN + 112, MARGIN + 142, MARGIN + INNER)
COLUMN_WIDTH = 30.0
DESCRIPTION_WIDTH = 80.0
# Small enough for the conditions of four flights on one page.
CONDITION_ROW = 5.2
CONDITION_SIZE = 3.0


class BilingualReceiptPrinter:
    """`application.invoicing.ports.ReceiptPrinter` that draws in this process; it has no state."""

    @typeface.one_at_a_time
    def pdf(
        self, document: TaxDocumentIssued, buyer: Buyer | None, sold: Sequence[SoldFare] = ()
    ) -> bytes:
        """Return the document as a PDF of one page, with a second one for what was sold."""
        from infrastructure.tax_receipt.sheet import Sheet

        english, arabic = wording.TITLES[document.kind, document.is_standard]
        sheet = Sheet(f"{english} {document.number}")
        half = INNER / 2
        sheet.text(english, x=MARGIN, y=24, width=half, size=6, weight="SemiBold")
        sheet.text(
            arabic, x=MARGIN + INNER, y=24, width=half, size=6, weight="SemiBold", right=True
        )
        y = 36.0
        for words, value in (*_head(document), *_parties(document, buyer)):
            _row(sheet, words, value, y)
            y += ROW
        y = _table(sheet, document, y + 4)
        for words, value in _notes(document):
            _row(sheet, words, value, y)
            y += ROW
        sheet.qr_code(qr_code.text(document), x=MARGIN, y=y + 2, width=QR_WIDTH)
        if sold:
            sheet.next_page()
            _conditions(sheet, document, sold)
        return sheet.bytes()


def _conditions(sheet: "Sheet", document: TaxDocumentIssued, sold: Sequence[SoldFare]) -> None:
    """Draw the page of the conditions: each fare in English from the left, then in Arabic."""
    y, end = 20.0, MARGIN + INNER
    sides: tuple[tuple[Language, float], ...] = (("en", MARGIN), ("ar", end))
    sheet.text(condition_words.HEADING["en"], x=MARGIN, y=y, width=INNER / 2, weight="SemiBold")
    sheet.text(
        condition_words.HEADING["ar"], x=end, y=y, width=INNER / 2, weight="SemiBold", right=True
    )
    sheet.text(document.number, x=MARGIN, y=y + CONDITION_ROW, width=INNER, size=CONDITION_SIZE)
    y += 2 * CONDITION_ROW
    for each in sold:
        sheet.rule(x=MARGIN, y=y - 3.6, width=INNER)
        for language, x in sides:
            fare = condition_words.fare_of(each.conditions, each.fare_class, language)
            first = f"{ids.flight_name(each.flight)}  {fare}"
            for text in (first, *condition_words.lines(each.conditions, language)):
                is_right = language == "ar"
                sheet.text(text, x=x, y=y, width=INNER, size=CONDITION_SIZE, right=is_right)
                y += CONDITION_ROW


def _head(document: TaxDocumentIssued) -> list[tuple[Words, str]]:
    found = [
        (wording.NUMBER, document.number),
        (wording.ISSUED, qr_code.time_of(document.issued_at).replace("T", " ")),
    ]
    if document.refers_to is not None:
        found.append((wording.REFERS_TO, document.refers_to))
    return found


def _parties(document: TaxDocumentIssued, buyer: Buyer | None) -> list[tuple[Words, str]]:
    seller = document.seller
    found = [
        (wording.SELLER, seller.name),
        (wording.SELLER, seller.arabic_name),
        (wording.VAT_NUMBER, seller.vat_number),
        (wording.REGISTRATION, seller.registration),
        (wording.ADDRESS, _address(seller.address)),
    ]
    if document.is_standard and buyer is None:
        found.append((wording.BUYER, wording.ERASED[0]))
    if buyer is not None:
        found += [
            (wording.BUYER, buyer.name),
            (wording.VAT_NUMBER, buyer.vat_number),
            (wording.ADDRESS, _address(buyer.address)),
        ]
    return found


def _address(address: Address) -> str:
    parts = (
        address.building,
        address.street,
        address.district,
        address.city,
        address.postal_code,
    )
    return " - ".join(parts)


def _row(sheet: "Sheet", words: Words, value: str, y: float) -> None:
    english, arabic = words
    sheet.text(english, x=MARGIN, y=y, width=LABEL)
    sheet.text(value, x=MARGIN + LABEL, y=y, width=INNER - 2 * LABEL, weight="SemiBold")
    sheet.text(arabic, x=MARGIN + INNER, y=y, width=LABEL, right=True)


def _table(sheet: "Sheet", document: TaxDocumentIssued, y: float) -> float:
    """Draw the lines and their sums; return where the next row begins."""
    heads = (wording.NET, wording.VAT, wording.TOTAL)
    for number in range(2):
        sheet.text(wording.DESCRIPTION[number], x=MARGIN, y=y, width=COLUMN_WIDTH, size=3)
        for words, right in zip(heads, COLUMNS, strict=True):
            sheet.text(words[number], x=right, y=y, width=COLUMN_WIDTH, size=3, right=True)
        y += 4.5
    sheet.rule(x=MARGIN, y=y - 2, width=INNER)
    y += 3
    for line in document.lines:
        _amounts(sheet, document, _described(line), (line.net, line.vat, line.total), y)
        y += ROW
    sheet.rule(x=MARGIN, y=y - 4.5, width=INNER)
    sums = (document.net, document.vat, document.total)
    _amounts(sheet, document, f"{' / '.join(wording.TOTAL)}  {document.currency}", sums, y + 1)
    return y + ROW + 4


def _described(line: TaxLine) -> str:
    english, arabic = wording.LINES[line.kind]
    flight = "" if line.flight is None else f"  {ids.flight_name(line.flight)}"
    code = "" if line.code is None else f"  {line.code}"
    percent = VAT_PERCENT if line.category == "S" else 0
    return f"{english} / {arabic}{code}{flight}  ({percent} %)"


def _amounts(
    sheet: "Sheet", document: TaxDocumentIssued, text: str, amounts: tuple[int, ...], y: float
) -> None:
    sheet.text(text, x=MARGIN, y=y, width=DESCRIPTION_WIDTH)
    for amount, right in zip(amounts, COLUMNS, strict=True):
        shown = decimal(amount, document.currency)
        sheet.text(shown, x=right, y=y, width=COLUMN_WIDTH, right=True)


def _notes(document: TaxDocumentIssued) -> list[tuple[Words, str]]:
    """Return the tax in riyals with its rate, and why no tax is due."""
    found = [(wording.VAT_IN_RIYALS, decimal(document.vat_in_riyals, RIYAL))]
    rate = document.rate
    if rate is not None:
        text = f"1 {rate.currency} = {displayed(rate)} {RIYAL}, {rate.source}, {rate.since}"
        found.append((wording.RATE, text))
    for subtotal in line_rules.subtotals(document.lines):
        if subtotal.reason is not None:
            text = f"{subtotal.reason} {line_rules.REASONS[subtotal.reason]}"
            found.append((wording.NO_VAT, text))
    return found
