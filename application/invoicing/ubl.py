"""A tax document as UBL 2.1 XML, and the hash by which the next one is chained to it.

The text is canonical as it is written (Canonical XML 1.1): namespaces and attributes in order, no
empty-element tags, no line breaks. So the hash needs no parser, and is the same for ever.

Sources: OASIS UBL 2.1, EN 16931, ZATCA XML implementation standard (ProfileID, InvoiceTypeCode,
ICV, PIH, QR; the hash leaves out the reference of the QR code).
"""

import base64
import hashlib

from application.invoicing import qr_code
from application.invoicing.qr_code import decimal
from domain.invoicing import lines as line_rules
from domain.invoicing.events import DocumentKind, DocumentReason, TaxDocumentIssued
from domain.invoicing.lines import Category, LineKind, Subtotal, TaxLine
from domain.invoicing.parties import Address, Buyer
from domain.invoicing.rates import RIYAL, displayed
from domain.kernel import ids
from domain.pricing.tax import VAT_PERCENT

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_ROOT = (
    '<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"'
    ' xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"'
    ' xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">'
)
PROFILE = "reporting:1.0"
# UNTDID 1001.
TYPE_CODES: dict[DocumentKind, str] = {"invoice": "388", "credit_note": "381", "debit_note": "383"}
# ZATCA: first two digits standard or simplified, then five flags that are all off.
STANDARD, SIMPLIFIED = "0100000", "0200000"
# UNTDID 4461: bank card. UN/ECE recommendation 20: one.
PAID_BY_CARD = "48"
ONE = "C62"
PERCENT: dict[Category, int] = {"S": VAT_PERCENT, "Z": 0, "O": 0}
ERASED = "(erased)"

LINE_NAMES: dict[LineKind, str] = {
    "fare": "Air fare",
    "extra": "Bags, meals and seats",
    "charge": "Airport charges",
    "fee": "Cancellation fee",
    "goodwill": "Goodwill beyond the price",
    "difference": "Difference of the price",
}
REASON_TEXTS: dict[DocumentReason, str] = {
    "sale": "Sale of carriage",
    "cancellation": "Cancellation of carriage",
    "modification": "Change of carriage",
    "no_show": "Airport charges of a flight that was not taken",
    "goodwill": "Refund granted by the airline",
    "seat_lost": "Seat that could not be provided",
    "extras": "Sale of bags, meals and seats",
    "extra_returned": "Return of a bag, a meal or a seat",
    "charged_back": "Carriage whose price a bank took back",
    "correction": "Correction of a departure recorded by mistake",
}


def document_hash(document: TaxDocumentIssued, buyer: Buyer | None) -> str:
    """Return SHA-256 of the canonical XML without its QR code, in base64."""
    canonical = _invoice(document, buyer, qr="")
    return base64.b64encode(hashlib.sha256(canonical.encode()).digest()).decode()


def xml(document: TaxDocumentIssued, buyer: Buyer | None) -> bytes:
    """Return the document as a file; `buyer` is None for a simplified one, and once erased."""
    qr = _attached("QR", qr_code.text(document))
    return f"{DECLARATION}{_invoice(document, buyer, qr=qr)}".encode()


def _invoice(document: TaxDocumentIssued, buyer: Buyer | None, *, qr: str) -> str:
    date, _, time = qr_code.time_of(document.issued_at).partition("T")
    return "".join(
        (
            _ROOT,
            _basic("ProfileID", PROFILE),
            _basic("ID", document.number),
            _basic("UUID", document.uuid),
            _basic("IssueDate", date),
            _basic("IssueTime", time),
            _basic(
                "InvoiceTypeCode",
                TYPE_CODES[document.kind],
                name=STANDARD if document.is_standard else SIMPLIFIED,
            ),
            _note(document),
            _basic("DocumentCurrencyCode", document.currency),
            _basic("TaxCurrencyCode", RIYAL),
            _reference(document),
            _aggregate(
                "AdditionalDocumentReference",
                _basic("ID", "ICV"),
                _basic("UUID", str(document.counter)),
            ),
            _attached("PIH", document.previous_hash),
            qr,
            _seller(document),
            _buyer(document, buyer),
            _aggregate("Delivery", _basic("ActualDeliveryDate", document.supplied_on.isoformat())),
            _payment(document),
            _tax_totals(document),
            _sums(document),
            *(_line(document, number, line) for number, line in enumerate(document.lines, 1)),
            "</Invoice>",
        )
    )


def _note(document: TaxDocumentIssued) -> str:
    """Return whose rate the tax in riyals follows, where the sale has another currency."""
    rate = document.rate
    if rate is None:
        return ""
    text = f"1 {rate.currency} = {displayed(rate)} {RIYAL}, {rate.source}, {rate.since}"
    return _basic("Note", text, languageID="en")


def _reference(document: TaxDocumentIssued) -> str:
    if document.refers_to is None:
        return ""
    reference = _aggregate("InvoiceDocumentReference", _basic("ID", document.refers_to))
    return _aggregate("BillingReference", reference)


def _attached(name: str, text: str) -> str:
    """Return a reference of ZATCA with its text as an attachment."""
    binary = _basic("EmbeddedDocumentBinaryObject", text, mimeCode="text/plain")
    return _aggregate(
        "AdditionalDocumentReference", _basic("ID", name), _aggregate("Attachment", binary)
    )


def _seller(document: TaxDocumentIssued) -> str:
    seller = document.seller
    party = _aggregate(
        "Party",
        _aggregate("PartyIdentification", _basic("ID", seller.registration, schemeID="CRN")),
        _address(seller.address),
        _tax_scheme(seller.vat_number),
        _aggregate("PartyLegalEntity", _basic("RegistrationName", seller.arabic_name)),
    )
    return _aggregate("AccountingSupplierParty", party)


def _buyer(document: TaxDocumentIssued, buyer: Buyer | None) -> str:
    """Return the buyer of a standard document; a simplified one names nobody."""
    if not document.is_standard:
        return _aggregate("AccountingCustomerParty")
    if buyer is None:
        party = _aggregate("PartyLegalEntity", _basic("RegistrationName", ERASED))
        return _aggregate("AccountingCustomerParty", _aggregate("Party", party))
    party = _aggregate(
        "Party",
        _address(buyer.address),
        _tax_scheme(buyer.vat_number),
        _aggregate("PartyLegalEntity", _basic("RegistrationName", buyer.name)),
    )
    return _aggregate("AccountingCustomerParty", party)


def _address(address: Address) -> str:
    return _aggregate(
        "PostalAddress",
        _basic("StreetName", address.street),
        _basic("BuildingNumber", address.building),
        _basic("CitySubdivisionName", address.district),
        _basic("CityName", address.city),
        _basic("PostalZone", address.postal_code),
        _aggregate("Country", _basic("IdentificationCode", "SA")),
    )


def _tax_scheme(vat_number: str) -> str:
    return _aggregate("PartyTaxScheme", _basic("CompanyID", vat_number), _VAT)


def _payment(document: TaxDocumentIssued) -> str:
    """Return how it was paid, and why a note was issued."""
    why = "" if document.kind == "invoice" else REASON_TEXTS[document.reason]
    return _aggregate(
        "PaymentMeans",
        _basic("PaymentMeansCode", PAID_BY_CARD),
        _basic("InstructionNote", why) if why else "",
    )


def _tax_totals(document: TaxDocumentIssued) -> str:
    """Return the tax by category in the document's currency, then its total in riyals."""
    in_currency = _aggregate(
        "TaxTotal",
        _amount("TaxAmount", document.vat, document.currency),
        *(_subtotal(document, each) for each in line_rules.subtotals(document.lines)),
    )
    in_riyals = _aggregate("TaxTotal", _amount("TaxAmount", document.vat_in_riyals, RIYAL))
    return in_currency + in_riyals


def _subtotal(document: TaxDocumentIssued, subtotal: Subtotal) -> str:
    reason = ""
    if subtotal.reason is not None:
        reason = _basic("TaxExemptionReasonCode", subtotal.reason) + _basic(
            "TaxExemptionReason", line_rules.REASONS[subtotal.reason]
        )
    return _aggregate(
        "TaxSubtotal",
        _amount("TaxableAmount", subtotal.net, document.currency),
        _amount("TaxAmount", subtotal.vat, document.currency),
        _aggregate(
            "TaxCategory",
            _basic("ID", subtotal.category),
            _basic("Percent", f"{PERCENT[subtotal.category]}.00"),
            reason,
            _VAT,
        ),
    )


def _sums(document: TaxDocumentIssued) -> str:
    currency = document.currency
    return _aggregate(
        "LegalMonetaryTotal",
        _amount("LineExtensionAmount", document.net, currency),
        _amount("TaxExclusiveAmount", document.net, currency),
        _amount("TaxInclusiveAmount", document.total, currency),
        _amount("PayableAmount", document.total, currency),
    )


def _line(document: TaxDocumentIssued, number: int, line: TaxLine) -> str:
    currency = document.currency
    name = LINE_NAMES[line.kind]
    if line.code is not None:
        name = f"{name} {line.code}"
    if line.flight is not None:
        name = f"{name}, {ids.flight_name(line.flight)}"
    category = _aggregate(
        "ClassifiedTaxCategory",
        _basic("ID", line.category),
        _basic("Percent", f"{PERCENT[line.category]}.00"),
        _VAT,
    )
    return _aggregate(
        "InvoiceLine",
        _basic("ID", str(number)),
        _basic("InvoicedQuantity", "1", unitCode=ONE),
        _amount("LineExtensionAmount", line.net, currency),
        _aggregate(
            "TaxTotal",
            _amount("TaxAmount", line.vat, currency),
            _amount("RoundingAmount", line.total, currency),
        ),
        _aggregate("Item", _basic("Name", name), category),
        _aggregate("Price", _amount("PriceAmount", line.net, currency)),
    )


def _amount(name: str, amount: int, currency: str) -> str:
    return _basic(name, decimal(amount, currency), currencyID=currency)


def _basic(name: str, text: str, /, **attributes: str) -> str:
    """Return an element with text; at most one attribute, so that no order is needed."""
    assert len(attributes) <= 1
    found = "".join(f' {key}="{_attribute(value)}"' for key, value in attributes.items())
    return f"<cbc:{name}{found}>{_text(text)}</cbc:{name}>"


def _aggregate(name: str, *parts: str) -> str:
    return f"<cac:{name}>{''.join(parts)}</cac:{name}>"


def _text(text: str) -> str:
    """Escape text as Canonical XML does."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped.replace("\r", "&#xD;")


def _attribute(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return escaped.replace("\t", "&#x9;").replace("\n", "&#xA;").replace("\r", "&#xD;")


_VAT = _aggregate("TaxScheme", _basic("ID", "VAT"))
