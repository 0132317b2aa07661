"""Routes of boarding passes: the bar code as text, a picture for the phone, a page to print."""

from typing import Literal

import msgspec
from litestar import Response, get
from litestar.params import FromPath

from application.booking import read_boarding_passes
from application.booking.read_boarding_passes import BoardingPass
from interfaces.http import auth
from interfaces.http.strict_request import StrictRequest

MEDIA_TYPES = {"png": "image/png", "pdf": "application/pdf"}


class BoardingPassResponse(msgspec.Struct, rename="camel"):
    """One pass; `bcbp` is what its bar code says (IATA Resolution 792)."""

    passenger: int
    segment: int
    flight_id: str
    seat: str | None
    sequence: int
    bcbp: str
    png_url: str
    pdf_url: str


class BoardingPassesResponse(msgspec.Struct, rename="camel"):
    """Of all who are checked in, flight by flight."""

    boarding_passes: list[BoardingPassResponse]


@get("/api/bookings/{booking_id:str}/boarding-passes", **auth.signed_in("see_own_bookings"))
async def list_boarding_passes(
    request: StrictRequest, booking_id: FromPath[str]
) -> BoardingPassesResponse:
    """The passes that there are by now."""
    passes = await read_boarding_passes.list_boarding_passes(
        request.ports.booking, request.principal, booking_id
    )
    return BoardingPassesResponse([_response(each) for each in passes])


def _response(each: BoardingPass) -> BoardingPassResponse:
    place = f"/api/bookings/{each.booking_id}/boarding-passes/{each.segment}/{each.passenger}"
    return BoardingPassResponse(
        passenger=each.passenger,
        segment=each.segment,
        flight_id=each.flight_id,
        seat=each.seat,
        sequence=each.sequence,
        bcbp=each.bar_code,
        png_url=f"{place}/png",
        pdf_url=f"{place}/pdf",
    )


@get(
    "/api/bookings/{booking_id:str}/boarding-passes/{segment:int}/{passenger:int}/{form:str}",
    **auth.signed_in("see_own_bookings", gives=tuple(MEDIA_TYPES.values())),
)
async def print_boarding_pass(
    request: StrictRequest,
    booking_id: FromPath[str],
    segment: FromPath[int],
    passenger: FromPath[int],
    form: FromPath[Literal["png", "pdf"]],
) -> Response[bytes]:
    """One pass as a picture or as a page."""
    drawn = await read_boarding_passes.print_boarding_pass(
        request.ports.booking,
        request.principal,
        booking_id,
        segment=segment,
        passenger=passenger,
        form=form,
    )
    return Response(
        drawn, media_type=MEDIA_TYPES[form], headers={"cache-control": "private, no-store"}
    )


ROUTES = (list_boarding_passes, print_boarding_pass)
