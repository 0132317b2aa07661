"""The XML of a document, its hash and its QR code."""

import base64
import hashlib
import re
import xml.etree.ElementTree as ET

from lxml import etree

from application.invoicing import qr_code, ubl
from domain.invoicing.events import TaxDocumentIssued
from domain.invoicing.parties import Buyer
from domain.invoicing.state import FIRST_HASH
from domain.kernel import ids
from tests.support.memory_airline import MemoryAirline
from tests.support.tax_documents import BUYER, SELLER, TaxRuns

CBC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"
CAC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}"
QR_REFERENCE = re.compile(
    r"<cac:AdditionalDocumentReference><cbc:ID>QR<.*?</cac:AdditionalDocumentReference>"
)


async def sold(**flight: object) -> TaxDocumentIssued:
    airline = MemoryAirline()
    runs = TaxRuns(airline)
    (invoice,) = await runs.documents(airline.ticketed(airline.schedule("SV1", **flight)))
    return invoice


def texts(document: TaxDocumentIssued, path: str, buyer: Buyer | None = None) -> list[str]:
    """The texts at a path such as `cac:Party/cbc:ID`."""
    found = ET.fromstring(ubl.xml(document, buyer)).iterfind(
        path.replace("cbc:", CBC).replace("cac:", CAC)
    )
    return [each.text or "" for each in found]


async def test_the_hash_is_that_of_the_canonical_xml_without_the_qr_code() -> None:
    document = await sold()
    file = ubl.xml(document, None).decode()
    without = etree.fromstring(QR_REFERENCE.sub("", file).encode())
    canonical = etree.tostring(without, method="c14n", exclusive=False, with_comments=False)
    digest = hashlib.sha256(canonical).digest()
    assert document.hash == base64.b64encode(digest).decode()
    assert QR_REFERENCE.search(file)


async def test_the_first_document_is_chained_to_the_hash_of_zero() -> None:
    document = await sold()
    assert document.previous_hash == FIRST_HASH
    assert base64.b64decode(FIRST_HASH).decode() == hashlib.sha256(b"0").hexdigest()
    references = texts(document, "cac:AdditionalDocumentReference/cbc:ID")
    assert references == ["ICV", "PIH", "QR"]
    attached = texts(
        document,
        "cac:AdditionalDocumentReference/cac:Attachment/cbc:EmbeddedDocumentBinaryObject",
    )
    assert attached == [FIRST_HASH, qr_code.text(document)]


async def test_the_xml_has_what_the_authority_asks_for() -> None:
    document = await sold(fare=32_000)
    root = ET.fromstring(ubl.xml(document, None))
    code = root.find(f"{CBC}InvoiceTypeCode")
    assert code is not None
    assert (code.text, code.get("name")) == ("388", "0200000")
    assert texts(document, "cbc:ProfileID") == ["reporting:1.0"]
    assert texts(document, "cbc:UUID") == [document.uuid]
    assert texts(document, "cbc:IssueDate") == ["2026-11-20"]
    assert texts(document, "cbc:IssueTime") == ["12:00:00"]
    assert texts(document, "cac:TaxTotal/cbc:TaxAmount") == ["51.00", "51.00"]
    assert texts(document, "cac:LegalMonetaryTotal/cbc:PayableAmount") == ["391.00"]
    scheme = "cac:AccountingSupplierParty/cac:Party/cac:PartyTaxScheme/cbc:CompanyID"
    assert texts(document, scheme) == [SELLER.vat_number]


async def test_amounts_have_the_decimals_of_their_currency() -> None:
    dinars = await sold(currency="KWD", fare=45_670)
    payable = "cac:LegalMonetaryTotal/cbc:PayableAmount"
    assert texts(dinars, payable) == [qr_code.decimal(dinars.total, "KWD")]
    assert qr_code.decimal(1_230, "KWD") == "1.23"
    assert qr_code.decimal(1_234, "KWD") == "1.234"
    assert qr_code.decimal(1_234, "JPY") == "1234.00"
    assert qr_code.decimal(-5, "SAR") == "-0.05"
    assert "1 KWD = 12.21 SAR, SAMA, 2026-01-01" in texts(dinars, "cbc:Note")


async def test_a_standard_invoice_names_the_buyer_and_escapes_the_name() -> None:
    airline = MemoryAirline()
    runs = TaxRuns(airline)
    booking = airline.book(airline.schedule("SV1"))
    runs.name_buyer(booking)
    airline.pay(booking)
    airline.confirm(booking)
    (invoice,) = await runs.documents(booking)
    name = "cac:AccountingCustomerParty/cac:Party/cac:PartyLegalEntity/cbc:RegistrationName"
    assert texts(invoice, name, BUYER) == [BUYER.name]
    assert texts(invoice, name, None) == [ubl.ERASED]
    assert ubl.document_hash(invoice, BUYER) == invoice.hash
    code = ET.fromstring(ubl.xml(invoice, BUYER)).find(f"{CBC}InvoiceTypeCode")
    assert code is not None
    assert code.get("name") == "0100000"


async def test_a_note_has_its_type_its_reason_and_the_number_of_its_invoice() -> None:
    airline = MemoryAirline()
    runs = TaxRuns(airline)
    booking = airline.ticketed(airline.schedule("SV1", in_days=20))
    airline.cancel(booking)
    invoice, note = await runs.documents(booking)
    assert texts(note, "cbc:InvoiceTypeCode") == ["381"]
    reference = "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID"
    assert texts(note, reference) == [invoice.number]
    assert texts(note, "cac:PaymentMeans/cbc:InstructionNote") == ["Cancellation of carriage"]


async def test_the_qr_code_has_the_five_tags_of_a_simplified_invoice() -> None:
    document = await sold(fare=32_000)
    encoded = base64.b64decode(qr_code.text(document))
    values = []
    while encoded:
        tag, length = encoded[:2]
        assert tag == len(values) + 1
        values.append(encoded[2 : 2 + length].decode())
        encoded = encoded[2 + length :]
    assert values == [
        SELLER.arabic_name,
        SELLER.vat_number,
        "2026-11-20T12:00:00",
        "391.00",
        "51.00",
    ]


async def test_no_name_of_a_passenger_and_no_booking_is_in_a_simplified_document() -> None:
    document = await sold()
    text = ubl.xml(document, None).decode()
    assert ids.reference_of("booking-AAAAAA") not in text
    assert "AccountingCustomerParty></cac:AccountingCustomerParty" in text
