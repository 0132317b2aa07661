"""Routes of tax documents: the invoices and notes of a booking, and the lists of finance."""

import datetime as dt
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from application.invoicing import issue_documents, read_documents, record_buyer
from application.queries import NumberedDocument
from domain.kernel import money
from interfaces.http import auth, idempotency, wire
from interfaces.http.strict_request import StrictRequest

MEDIA_TYPES = {"xml": "application/xml", "pdf": "application/pdf"}
PAGE_LIMIT = 200
PartyName = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
AddressText = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]


class AddressRequest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A national address of Saudi Arabia."""

    street: AddressText
    building: Annotated[str, msgspec.Meta(pattern=record_buyer.BUILDING_PATTERN)]
    district: AddressText
    city: AddressText
    postal_code: Annotated[str, msgspec.Meta(pattern=record_buyer.POSTAL_CODE_PATTERN)]


class TaxBuyerRequest(idempotency.KeyedRequest):
    """A business that is registered for value added tax: 15 digits, the first and last a 3."""

    name: PartyName
    vat_number: Annotated[str, msgspec.Meta(pattern=record_buyer.VAT_NUMBER_PATTERN)]
    address: AddressRequest


class TaxBuyerResponse(msgspec.Struct, rename="camel"):
    """The booking whose invoice will be a standard one."""

    booking: str


@post(
    "/api/bookings/{booking_id:str}/tax-buyer",
    operation_id="nameTaxBuyer",
    status_code=200,
    idempotency_key="optional",
    **auth.signed_in(None, "booking", scope="bookings:write"),
)
async def name_buyer(
    request: StrictRequest, booking_id: FromPath[str], data: JSONBody[TaxBuyerRequest]
) -> TaxBuyerResponse:
    """Name the business that buys a booking, before its invoice is issued."""
    caller = idempotency.optional(request, data)
    address = record_buyer.Address(
        street=data.address.street,
        building=data.address.building,
        district=data.address.district,
        city=data.address.city,
        postal_code=data.address.postal_code,
    )
    buyer = record_buyer.Buyer(data.name, data.vat_number, address)
    named = await record_buyer.record_buyer(request.ports.booking, caller, booking_id, buyer=buyer)
    return TaxBuyerResponse(named)


class TaxDocumentResponse(msgspec.Struct, rename="camel"):
    """A tax document; a note names the invoice that it changes in `refersTo`.

    `kind` is invoice, credit_note or debit_note; `vatInRiyals` is the tax in halalas.
    """

    number: str
    kind: str
    standard: bool
    issued_at: dt.datetime
    total: wire.MoneyResponse
    vat: wire.MoneyResponse
    vat_in_riyals: wire.MoneyResponse
    refers_to: str | None
    pdf_url: str
    xml_url: str


class TaxDocumentsResponse(msgspec.Struct, rename="camel"):
    """The documents of a booking in order."""

    documents: list[TaxDocumentResponse]


@get("/api/bookings/{booking_id:str}/tax-documents", **auth.signed_in("see_own_bookings"))
async def list_tax_documents(
    request: StrictRequest, booking_id: FromPath[str]
) -> TaxDocumentsResponse:
    """List the invoice of a booking and its credit and debit notes.

    They follow a ticket, a cancellation or a modification within a moment.
    """
    found, documents = await read_documents.list_documents(
        request.ports.booking, request.principal, booking_id
    )
    return TaxDocumentsResponse([_response(found, each) for each in documents])


def _response(booking_id: str, document: read_documents.TaxDocument) -> TaxDocumentResponse:
    place = f"/api/bookings/{booking_id}/tax-documents/{document.number}"
    return TaxDocumentResponse(
        number=document.number,
        kind=document.kind,
        standard=document.is_standard,
        issued_at=document.issued_at,
        total=wire.MoneyResponse(document.total, document.currency),
        vat=wire.MoneyResponse(document.vat, document.currency),
        vat_in_riyals=wire.MoneyResponse(document.vat_in_riyals, "SAR"),
        refers_to=document.refers_to,
        pdf_url=f"{place}.pdf",
        xml_url=f"{place}.xml",
    )


@get(
    "/api/bookings/{booking_id:str}/tax-documents/{name:str}",
    **auth.signed_in("see_own_bookings", gives=tuple(MEDIA_TYPES.values())),
)
async def print_tax_document(
    request: StrictRequest, booking_id: FromPath[str], name: FromPath[str]
) -> Response[bytes]:
    """Download a document by its number, such as `INV-2026-000001.pdf` or `.xml`."""
    number, _, form = name.rpartition(".")
    printed = await read_documents.print_document(
        request.ports.booking,
        request.ports.invoicing,
        request.principal,
        booking_id,
        number=number,
        form=form,
    )
    return Response(
        printed, media_type=MEDIA_TYPES[form], headers={"cache-control": "private, no-store"}
    )


class IssuedCountResponse(msgspec.Struct, rename="camel"):
    """How many documents the booking has now."""

    documents: int


@post(
    "/api/admin/bookings/{booking_id:str}/tax-documents",
    operation_id="issueMissingTaxDocuments",
    status_code=200,
    idempotency_key="optional",
    **auth.signed_in("reconcile"),
)
async def issue_missing(request: StrictRequest, booking_id: FromPath[str]) -> IssuedCountResponse:
    """Issue what a booking lacks, such as for want of a rate; a repeat has no effect."""
    caller = idempotency.optional(request, None)
    count = await issue_documents.issue_missing(
        request.ports.booking, request.ports.invoicing.issuing, caller, booking_id
    )
    return IssuedCountResponse(count)


class NumberedDocumentResponse(msgspec.Struct, rename="camel"):
    """A document of a month; `counter` counts all documents, `status` is that of its report.

    `status` is waiting, reported, cleared or rejected; `code` says why it was rejected.
    """

    number: str
    kind: str
    standard: bool
    counter: int
    hash: str
    booking: str
    issued_at: dt.datetime
    total: wire.MoneyResponse
    vat: wire.MoneyResponse
    vat_in_riyals: wire.MoneyResponse
    status: str
    code: str | None


class NumberedDocumentsResponse(wire.ReadModelResponse):
    """Documents by counter; `nextAfter` continues the list, and is null on its last page."""

    documents: list[NumberedDocumentResponse]
    next_after: int | None


@get("/api/ledger/tax-documents", **auth.signed_in("read_ledger"))
async def list_numbered_documents(
    request: StrictRequest,
    month: FromQuery[str],
    after: FromQuery[Annotated[int, msgspec.Meta(ge=0)]] = 0,
) -> NumberedDocumentsResponse:
    """List the documents of a month in Riyadh, such as `2026-11`, and which are reported."""
    page = await read_documents.list_month(
        request.ports.invoicing, month, after=after, limit=PAGE_LIMIT
    )
    return NumberedDocumentsResponse(
        documents=[_numbered(each) for each in page.documents],
        next_after=page.next_after,
        as_of_position=page.as_of.position,
        lag_seconds=page.as_of.lag_seconds,
    )


def _numbered(numbered: NumberedDocument) -> NumberedDocumentResponse:
    amounts = (numbered.total, numbered.vat)
    total, vat = (wire.money_response(money.Money(each, numbered.currency)) for each in amounts)
    return NumberedDocumentResponse(
        number=numbered.number,
        kind=numbered.kind,
        standard=numbered.standard,
        counter=numbered.counter,
        hash=numbered.hash,
        booking=numbered.booking,
        issued_at=numbered.issued_at,
        total=total,
        vat=vat,
        vat_in_riyals=wire.MoneyResponse(numbered.vat_in_riyals, "SAR"),
        status=numbered.status,
        code=numbered.code,
    )


ROUTES = (
    name_buyer,
    list_tax_documents,
    print_tax_document,
    issue_missing,
    list_numbered_documents,
)
