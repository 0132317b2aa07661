"""Extras of a booking as clients see them: sold, ordered and not paid yet, returned."""

import datetime as dt

import msgspec

from application.booking import extra_documents
from application.booking.booking_details import BookingDetails
from application.booking.extra_documents import ShownExtra
from interfaces.http import wire


class ExtraResponse(msgspec.Struct, rename="camel"):
    """An extra with its document number (EMD) once that was issued.

    `documentType`: EMD-A is used with the flight, EMD-S by itself. `status` is IATA's letter of the
    document: O open, C checked in, L on board, F used, R refunded, Z missed, V void, X in another
    booking.
    """

    code: str
    passenger: int
    segment: int
    document_number: str | None
    document_type: extra_documents.DocumentKind
    status: str | None
    total: wire.MoneyResponse


class ExtrasOrderResponse(msgspec.Struct, rename="camel"):
    """Extras that were ordered and are not issued yet; a checkout collects what is due for them.

    The order ends at `holdUntil` if nothing is paid, and the booking is as before.
    """

    extras: list[ExtraResponse]
    hold_until: dt.datetime | None


def sold(details: BookingDetails) -> list[ExtraResponse]:
    """Return the extras of the booking as JSON."""
    return [response(each) for each in extra_documents.sold(details.booking)]


def returned(details: BookingDetails) -> list[ExtraResponse]:
    """Return the extras that were refunded by themselves as JSON."""
    return [response(each) for each in extra_documents.returned(details.booking)]


def order(details: BookingDetails) -> ExtrasOrderResponse | None:
    """Return the order that is not issued yet as JSON."""
    ordered = extra_documents.ordered(details.booking)
    if not ordered:
        return None
    return ExtrasOrderResponse(
        [response(each) for each in ordered], details.booking.modification_until
    )


def response(extra: ShownExtra) -> ExtraResponse:
    """Return the extra as JSON."""
    return ExtraResponse(
        extra.code,
        extra.passenger,
        extra.segment,
        extra.document,
        extra.kind,
        None if extra.status is None else extra.status.value,
        wire.money_response(extra.total),
    )
