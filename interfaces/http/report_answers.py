"""Reports on the books as JSON: the same answers for HTTP and for `ais ledger`; minor units."""

import datetime as dt

import msgspec

from application.ledger import read_ledger
from application.ledger.read_customer import CustomerBooking, CustomerStatement
from application.ledger.read_liabilities import (
    Charges,
    DeferredRevenue,
    OpenItems,
    Remittance,
    VatReturn,
)
from interfaces.http import wire
from interfaces.http.books_answers import KnownResponse


class OpenItemResponse(msgspec.Struct, rename="camel"):
    """What stays on a clearing account for a booking, or an intent: debit positive."""

    account: str
    name: str
    booking: str
    amount: wire.MoneyResponse
    since: dt.datetime
    references: list[str]


class OpenItemsResponse(wire.ReadModelResponse):
    """By account, the oldest first."""

    items: list[OpenItemResponse]


def open_items(found: OpenItems) -> OpenItemsResponse:
    """Return the open items as JSON."""
    return OpenItemsResponse(
        items=[
            OpenItemResponse(
                account=each.account,
                name=read_ledger.name_of(each.account),
                booking=each.booking,
                amount=wire.MoneyResponse(each.amount, each.currency),
                since=each.since,
                references=list(each.references),
            )
            for each in found.items
        ],
        as_of_position=found.as_of.position,
        lag_seconds=found.as_of.lag_seconds,
    )


class DeferredResponse(msgspec.Struct, rename="camel"):
    """What is owed in carriage for a flight: credit positive."""

    departs_on: dt.date
    flight_id: str
    currency: str
    fare: int
    ancillary: int


class DeferredRevenueResponse(KnownResponse):
    """By day of departure, as it is scheduled now; the sums are accounts 2000 and 2010."""

    flights: list[DeferredResponse]


def deferred(found: DeferredRevenue) -> DeferredRevenueResponse:
    """Return deferred revenue as JSON."""
    return DeferredRevenueResponse(
        flights=[
            DeferredResponse(each.departs_on, each.flight, each.currency, each.fare, each.ancillary)
            for each in found.rows
        ],
        known_position=found.at.known,
        as_of_position=found.at.as_of.position,
        lag_seconds=found.at.as_of.lag_seconds,
    )


class ChargeResponse(msgspec.Struct, rename="camel"):
    """What is owed to the authority of an airport: credit positive."""

    airport: str
    currency: str
    amount: int


class ChargesResponse(KnownResponse):
    """By airport; the sum is account 2310."""

    charges: list[ChargeResponse]


def charges(found: Charges) -> ChargesResponse:
    """Return airport charges as JSON."""
    return ChargesResponse(
        charges=[ChargeResponse(each.airport, each.currency, each.amount) for each in found.rows],
        known_position=found.at.known,
        as_of_position=found.at.as_of.position,
        lag_seconds=found.at.as_of.lag_seconds,
    )


class CollectedResponse(msgspec.Struct, rename="camel"):
    """What was collected for an authority by a code, and what of it went back to customers."""

    authority: str
    code: str
    airport: str | None
    currency: str
    collected: int
    returned: int
    owed: int


class RemittanceResponse(KnownResponse):
    """By authority, code and airport; the sum of `owed` is what the period posted on 2310."""

    since: dt.date = msgspec.field(name="from")
    until: dt.date = msgspec.field(name="to")
    charges: list[CollectedResponse]


def remittance(found: Remittance) -> RemittanceResponse:
    """Return what a period owes to authorities as JSON."""
    return RemittanceResponse(
        since=found.since,
        until=found.until,
        charges=[
            CollectedResponse(
                authority=each.authority,
                code=each.code,
                airport=each.airport or None,
                currency=each.currency,
                collected=each.collected,
                returned=each.returned,
                owed=each.collected - each.returned,
            )
            for each in found.rows
        ],
        known_position=found.at.known,
        as_of_position=found.at.as_of.position,
        lag_seconds=found.at.as_of.lag_seconds,
    )


class SuppliesResponse(msgspec.Struct, rename="camel"):
    """Supplies of a period in a currency: without tax by rate, and the tax."""

    currency: str
    standard_rate_percent: int
    standard_rated: int
    vat: int
    zero_rated: int


class VatReturnResponse(KnownResponse):
    """By currency; `vat` is what the period posted on account 2300."""

    since: dt.date = msgspec.field(name="from")
    until: dt.date = msgspec.field(name="to")
    supplies: list[SuppliesResponse]


def vat_return(found: VatReturn) -> VatReturnResponse:
    """Return the VAT return as JSON."""
    return VatReturnResponse(
        since=found.since,
        until=found.until,
        supplies=[
            SuppliesResponse(
                currency=each.currency,
                standard_rate_percent=found.percent,
                standard_rated=each.standard_net,
                vat=each.vat,
                zero_rated=each.zero_rated_net,
            )
            for each in found.rows
        ],
        known_position=found.at.known,
        as_of_position=found.at.as_of.position,
        lag_seconds=found.at.as_of.lag_seconds,
    )


class CustomerLineResponse(msgspec.Struct, rename="camel"):
    """What an entry changed: `paid` to us, `owed` by us in money, `credited` by us as credit."""

    effective_on: dt.date
    rule: str
    references: list[str]
    paid: int
    owed: int
    credited: int


class CustomerBookingResponse(msgspec.Struct, rename="camel"):
    """A booking with what was paid, refunded and credited, and the sums of its lines."""

    id: str
    status: str
    total: wire.MoneyResponse
    paid: int
    owed: int
    credited: int
    lines: list[CustomerLineResponse]


class CustomerStatementResponse(wire.ReadModelResponse):
    """A customer's bookings, newest first."""

    bookings: list[CustomerBookingResponse]
    next_cursor: str | None


def customer(found: CustomerStatement) -> CustomerStatementResponse:
    """Return the statement of a customer as JSON."""
    return CustomerStatementResponse(
        bookings=[_customer_booking(each) for each in found.bookings],
        next_cursor=found.next_cursor,
        as_of_position=found.as_of.position,
        lag_seconds=found.as_of.lag_seconds,
    )


def _customer_booking(found: CustomerBooking) -> CustomerBookingResponse:
    booking, lines = found.booking, found.lines
    return CustomerBookingResponse(
        id=booking.booking_id,
        status=booking.status,
        total=wire.MoneyResponse(booking.total, booking.currency),
        paid=sum(each.paid for each in lines),
        owed=sum(each.owed for each in lines),
        credited=sum(each.credited for each in lines),
        lines=[
            CustomerLineResponse(
                effective_on=each.effective_on,
                rule=each.rule,
                references=list(each.references),
                paid=each.paid,
                owed=each.owed,
                credited=each.credited,
            )
            for each in lines
        ],
    )
