"""The route of extras: what can be bought with a flight, at which price, by whom."""

from collections.abc import Mapping

import msgspec
from litestar import get
from litestar.params import FromPath

from application.pricing import extra_names
from application.pricing import read_extras as reading
from application.pricing.read_extras import ExtraOffer
from interfaces.http import auth, security_headers, wire
from interfaces.http.answers import Answered
from interfaces.http.strict_request import StrictRequest

# What one booking may have; the list of extras in a request is as long.
PER_BOOKING = 72


class ExtraNameResponse(msgspec.Struct):
    """What an extra is called in English and in Arabic."""

    en: str
    ar: str


class CabinExtraResponse(msgspec.Struct, rename="camel"):
    """A cabin in which passengers of these types can have the extra.

    `available` is how many such seats are free, at most nine; null where the extra is no seat.
    """

    cabin: wire.CabinName
    passenger_types: list[wire.PassengerType]
    available: int | None


class ExtraOfferResponse(msgspec.Struct, rename="camel"):
    """One extra for one passenger on this flight.

    `total` is `net` and `vat`, which is due on a domestic flight but not as a part of a journey
    abroad: the quote has what is paid. `perPassenger` is null where only the booking's size limits
    it. Seats at an exit are not for children, nor for adults with an infant.
    """

    code: str
    category: reading.Category
    name: ExtraNameResponse
    net: wire.MoneyResponse
    vat: wire.MoneyResponse
    total: wire.MoneyResponse
    per_passenger: int | None
    cabins: list[CabinExtraResponse]


class ExtrasResponse(msgspec.Struct, rename="camel"):
    """The extras of a flight; empty once it is no longer on sale."""

    flight_id: str
    per_booking: int
    extras: list[ExtraOfferResponse]


NAMES: Mapping[str, ExtraNameResponse] = {
    code: ExtraNameResponse(names["en"], names["ar"]) for code, names in extra_names.NAMES.items()
}


@get("/api/flights/{flight_id:str}/extras", **auth.open_to_all())
async def read_extras(request: StrictRequest, flight_id: FromPath[str]) -> Answered[ExtrasResponse]:
    """List what can be bought with the flight, as the log has it now."""
    found = await reading.read_extras(request.ports.pricing, flight_id)
    answer = ExtrasResponse(flight_id, PER_BOOKING, [_offer(each) for each in found])
    return Answered(answer, headers={"cache-control": security_headers.REVALIDATED})


def _offer(offer: ExtraOffer) -> ExtraOfferResponse:
    return ExtraOfferResponse(
        code=offer.code,
        category=offer.category,
        name=NAMES[offer.code],
        net=wire.money_response(offer.net),
        vat=wire.money_response(offer.vat),
        total=wire.money_response(offer.net + offer.vat),
        per_passenger=offer.per_passenger,
        cabins=[
            CabinExtraResponse(
                wire.CABIN_NAMES[each.cabin], list(each.passenger_types), each.available
            )
            for each in offer.cabins
        ],
    )


ROUTES = (read_extras,)
