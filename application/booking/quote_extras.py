"""Quote extras for a ticketed booking: bags, meals, services, and seats while there are some."""

import datetime as dt
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from application.booking import extra_documents, extra_seats, journey, remaining_tax
from application.booking.access import changeable_booking
from application.booking.booking_details import booked_flights
from application.booking.extra_documents import ShownExtra
from application.booking.ports import BookingPorts
from application.identity.ports import Principal
from application.policies.read_book import read_book
from application.pricing import extra_prices, journeys, seat_extras
from application.pricing.journeys import WantedExtra, WantedSeat
from application.pricing.signed_quotes import QUOTE_LIFETIME
from domain.booking import extras as booking_extras
from domain.booking import rejections
from domain.booking.state import Booking
from domain.booking.values import ExtrasOrder, SeatChoice
from domain.inventory import rejections as flight_rejections
from domain.inventory.state import Flight
from domain.kernel import money
from domain.policies.book import PolicyBook
from domain.policies.money_values import LeastCharges
from domain.pricing import charge_limits, rules
from domain.pricing import rejections as pricing_rejections
from domain.pricing.extras import ExtraChoice, is_seat
from domain.pricing.price import ExtraPrice

# As many as a booking may have from its sale.
EXTRAS_LIMIT = 72


class ExtrasQuote(msgspec.Struct, frozen=True):
    """The extras and their prices, frozen until `valid_until` (exclusive)."""

    booking: str
    order: ExtrasOrder
    valid_until: dt.datetime


class IssuedExtrasQuote(msgspec.Struct, frozen=True):
    """A quote with the id by which it is accepted, the currency of its amounts, and its extras."""

    quote_id: str
    quote: ExtrasQuote
    currency: str
    shown: tuple[ShownExtra, ...]


async def quote_extras(
    ports: BookingPorts,
    principal: Principal,
    id_or_reference: str,
    *,
    extras: Sequence[WantedExtra],
    seats: Sequence[WantedSeat],
) -> IssuedExtrasQuote:
    """Return what the extras cost now; nothing is held.

    A chosen seat that is sold as an extra adds that one. Rejects BookingNotFound, NotAllowed and
    what `order_of` does.
    """
    booking_id, booking = await changeable_booking(ports, principal, id_or_reference)
    order = order_of(
        booking_id,
        booking,
        await booked_flights(ports, booking),
        book=await read_book(ports.bus),
        extras=[ExtraChoice(each.code, each.passenger, each.segment) for each in extras],
        seats=[SeatChoice(each.passenger, each.segment, each.seat) for each in seats],
        now=ports.clock(),
    )
    quote = ExtrasQuote(booking_id, order, ports.clock() + QUOTE_LIFETIME)
    shown = extra_documents.ordered(replace(booking, extras_order=order))
    return IssuedExtrasQuote(ports.quotes.issue(quote), quote, booking.currency, shown=tuple(shown))


def order_of(
    booking_id: str,
    booking: Booking,
    flights: Sequence[Flight],
    *,
    book: PolicyBook,
    extras: Sequence[ExtraChoice],
    seats: Sequence[SeatChoice],
    now: dt.datetime,
) -> ExtrasOrder:
    """Return the order of these extras and chosen seats; `flights` by segment.

    They cost what the versions say that their segments were sold under (O4).

    Rejects ExtraUnknown, AmountNotCollectable, and what `require_sold` does.
    """
    wanted = [*extras, *_of_chosen_seats(booking, flights, extras, seats)]
    if not wanted:
        raise pricing_rejections.ExtraRefused(field="extras", reason="no_extra")
    require_sold(booking_id, booking, flights, book=book, wanted=wanted, seats=seats, now=now)
    due = remaining_tax.taxed_coupons(booking, [journey.facts_of(each).leg for each in flights])
    priced = tuple(
        rules.extra_price(
            each,
            currency=booking.currency,
            taxed=due[each.choice.passenger, each.choice.segment],
        )
        for each in extra_prices.priced(
            wanted, booking.segments, book=book, currency=booking.currency
        )
    )
    order = ExtrasOrder(booking.modification_count + 1, priced, tuple(seats))
    least = book.value_now(LeastCharges, at=now).least(booking.currency)
    charge_limits.require_collectable(money.Money(order.due, booking.currency), least=least)
    return order


def require_sold(
    booking_id: str,
    booking: Booking,
    flights: Sequence[Flight],
    *,
    book: PolicyBook,
    wanted: Sequence[ExtraChoice | ExtraPrice],
    seats: Sequence[SeatChoice],
    now: dt.datetime,
) -> None:
    """Require that these extras are on sale for their passengers, and that the seats among them are
    free.

    Rejects what `extras.require_sale` does, SalesClosed, ExtraRefused, SeatsUnavailable, SeatTaken,
    SeatUnknown and SeatNotAllowed.
    """
    facts = [journey.facts_of(each) for each in flights]
    places = [(each.passenger, each.segment) for each in wanted]
    booking_extras.require_sale(booking, places, facts, now=now)
    for segment in {segment for _, segment in places}:
        if not journeys.is_bookable(flights[segment], book, now=now):
            raise flight_rejections.SalesClosed(flight=flights[segment].number)
    if len(booking.extras) + len(wanted) > EXTRAS_LIMIT:
        raise pricing_rejections.ExtraRefused(
            field="extras", reason="too_many_extras", limit=EXTRAS_LIMIT
        )
    bought = {(each.passenger, each.segment) for each in booking.extras if is_seat(each.code)}
    for each in wanted:
        if is_seat(each.code) and (each.passenger, each.segment) in bought:
            raise pricing_rejections.ExtraRefused(
                field="extras",
                reason="second_seat",
                code=each.code,
                passenger=each.passenger,
                segment=each.segment,
            )
    extra_seats.require_free(booking_id, booking, flights, wanted=wanted, seats=seats)


def _of_chosen_seats(
    booking: Booking,
    flights: Sequence[Flight],
    extras: Sequence[ExtraChoice],
    seats: Sequence[SeatChoice],
) -> list[ExtraChoice]:
    """Return the extras that the chosen seats cost and that are not wanted already."""
    named = [("extras", each.passenger, each.segment) for each in extras]
    named += [("seats", each.passenger, each.segment) for each in seats]
    for field, passenger, segment in named:
        if booking.coupon(passenger, segment) is None:
            raise rejections.NoSuchPart(field=field, passenger=passenger, segment=segment)
    if any(booking.passengers[each.passenger].type == "INF" for each in seats):
        raise rejections.NoSuchPart(field="seats", reason="sits_on_a_lap")
    if len({(each.passenger, each.segment) for each in seats}) != len(seats):
        raise rejections.NoSuchPart(field="seats", reason="two_seats_for_one_passenger")
    sold = tuple(each for each in extras if is_seat(each.code))
    found = seat_extras.of_chosen_seats(
        seat_extras.WantedSeats(
            passengers=tuple(each.type for each in booking.passengers),
            extras=sold,
            seats=tuple(seats),
            flights=tuple(flights),
            layouts=tuple(
                flight.cabins[segment.cabin].layout
                for flight, segment in zip(flights, booking.segments, strict=True)
            ),
        )
    )
    paid = {(each.passenger, each.segment) for each in (*sold, *found)}
    for each in seats:
        if (each.passenger, each.segment) not in paid:
            # A plain seat costs nothing, and is chosen without an order.
            raise pricing_rejections.ExtraRefused(
                field="seats", reason="seat_of_another_kind", seat=each.seat
            )
    return found
