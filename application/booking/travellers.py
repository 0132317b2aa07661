"""The travellers of a new booking: named in the request, or saved by the caller before."""

import datetime as dt
from collections.abc import Mapping, Sequence

import msgspec

from application.booking.people import Name, checked_name
from application.booking.saved_passengers import PassengersOf
from domain.booking import rejections, saved_passengers
from domain.booking.saved_passengers import PassengerDetails
from domain.booking.travel_documents import TravelDocument
from domain.pricing.price import PassengerType


class Traveller(msgspec.Struct, frozen=True):
    """A passenger of a new booking; only adults need no birth date.

    `first_name` is None for a passenger whose passport has one name only; `document` is that of a
    saved passenger.
    """

    first_name: str | None
    last_name: str
    type: PassengerType
    birth_date: dt.date | None = None
    arabic_name: str | None = None
    document: TravelDocument | None = None


class SavedTraveller(msgspec.Struct, frozen=True):
    """A passenger of a new booking whom the caller has saved, by the id."""

    id: str
    type: PassengerType


async def named_travellers(
    passengers_of: PassengersOf, user: str, wanted: Sequence[Traveller | SavedTraveller]
) -> list[Traveller]:
    """Return the travellers, with what the user has saved of those who are named by id.

    Rejects SavedPassengerRefused for another id; raises Unavailable.
    """
    if all(isinstance(each, Traveller) for each in wanted):
        return [each for each in wanted if isinstance(each, Traveller)]
    saved = await passengers_of(user)
    known = {each.id: each.details for each in saved}
    return [
        each if isinstance(each, Traveller) else _saved_traveller(each, known, index)
        for index, each in enumerate(wanted)
    ]


def _saved_traveller(
    wanted: SavedTraveller, known: Mapping[str, PassengerDetails], index: int
) -> Traveller:
    details = known.get(wanted.id)
    if details is None:
        raise rejections.SavedPassengerRefused(
            field=f"passengers[{index}].savedPassengerId", reason="unknown"
        )
    return Traveller(
        details.first_name,
        details.last_name,
        wanted.type,
        details.birth_date,
        details.arabic_name,
        saved_passengers.travel_document(details),
    )


def passport_names(travellers: Sequence[Traveller]) -> list[Name]:
    """Return the names to carry; rejects NameRefused."""
    return [
        checked_name(
            each.first_name, each.last_name, each.arabic_name, prefix=f"passengers[{index}]."
        )
        for index, each in enumerate(travellers)
    ]
