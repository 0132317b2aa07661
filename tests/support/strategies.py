"""Hypothesis strategies for everything that is stored: money, prices, parties, all events."""

import datetime as dt
from typing import Any

from hypothesis import strategies as st

from domain.booking import events as booking_events
from domain.inventory import events as flight_events
from domain.kernel import entries, ids, money, sealed
from domain.kernel.events import DomainEvent
from domain.pricing import rules as pricing_rules
from domain.pricing.price import PassengerType, Price, PriceLine

CURRENCIES = ("SAR", "USD", "EGP", "KWD", "BHD", "JOD", "OMR", "TND", "JPY")
ACCOUNTS = ("1010", "2000", "2020", "2300", "2310")

currency_codes = st.sampled_from(CURRENCIES)
# What Postgres and UTF-8 can hold: no NUL, no lone surrogates.
texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40)
FIRST_INSTANT = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
instants = st.builds(
    lambda microseconds: FIRST_INSTANT + dt.timedelta(microseconds=microseconds),
    st.integers(0, 70 * 365 * 86_400 * 10**6),
)
locators = st.text(ids.LOCATOR_ALPHABET, min_size=6, max_size=6)
booking_streams = locators.map(ids.booking_stream)
payment_streams = st.builds(ids.payment_stream, booking_streams, st.integers(1, 9))
flight_streams = st.builds(
    ids.flight_stream,
    st.integers(1, 9999).map(lambda number: f"SV{number}"),
    st.dates(dt.date(2020, 1, 1), dt.date(2090, 1, 1)).map(dt.date.isoformat),
)
attempts = st.builds(lambda stream, n: f"{stream}-a{n}", payment_streams, st.integers(1, 99))
provider_ids = st.text("abcXYZ0123456789", min_size=1, max_size=24)
intents = provider_ids.map(lambda text: f"pi_{text}")
charges = provider_ids.map(lambda text: f"ch_{text}")
boxes = st.builds(sealed.Sealed, subject=texts, box=st.binary(max_size=64))


def amounts(
    *, minimum: int = 0, maximum: int = 10**12, currencies: tuple[str, ...] = CURRENCIES
) -> st.SearchStrategy[money.Money]:
    """Money between these minor units."""
    return st.builds(
        money.Money, amount=st.integers(minimum, maximum), currency=st.sampled_from(currencies)
    )


@st.composite
def fares(draw: st.DrawFn, *, currencies: tuple[str, ...] = CURRENCIES) -> money.Money:
    """An adult fare that can be charged."""
    currency = draw(st.sampled_from(currencies))
    steps = draw(st.integers(1, 10**7))
    return money.Money(steps * money.charge_step(currency), currency)


@st.composite
def parties(draw: st.DrawFn) -> tuple[PassengerType, ...]:
    """Nine at most, an adult at least, a lap for each infant, in any order."""
    adults = draw(st.integers(1, 9))
    infants = draw(st.integers(0, min(adults, 9 - adults)))
    children = draw(st.integers(0, 9 - adults - infants))
    counts: dict[PassengerType, int] = {"ADT": adults, "CHD": children, "INF": infants}
    party = [kind for kind, count in counts.items() for _ in range(count)]
    return tuple(draw(st.permutations(party)))


prices = st.builds(
    pricing_rules.price_flight, fare=fares(), domestic=st.booleans(), passengers=parties()
)
# Any price that can be written down, also one that no rule would come to.
loose_prices = st.builds(
    Price,
    currency=currency_codes,
    lines=st.lists(
        st.builds(
            PriceLine,
            kind=st.sampled_from(("fare", "vat", "charge")),
            passenger_type=st.sampled_from(pricing_rules.PASSENGER_TYPES),
            passenger_count=st.integers(0, 9),
            amount=st.integers(-(10**15), 10**15),
        ),
        max_size=9,
    ).map(tuple),
)


@st.composite
def balanced_entries(draw: st.DrawFn) -> entries.Entry:
    """Postings in one or two currencies that sum to zero in each."""
    postings: list[entries.Posting] = []
    chosen = draw(st.lists(currency_codes, min_size=1, max_size=2, unique=True))
    for currency in chosen:
        drawn = draw(st.lists(st.integers(-(10**15), 10**15), min_size=1, max_size=4))
        for amount in (*drawn, -sum(drawn)):
            account = draw(st.sampled_from(ACCOUNTS))
            postings.append(entries.Posting(account, draw(booking_streams), amount, currency))
    return entries.Entry(
        effective_on=draw(st.dates(dt.date(2020, 1, 1), dt.date(2090, 1, 1))),
        rule=draw(texts),
        version=draw(st.integers(1, 99)),
        references=tuple(draw(st.lists(provider_ids, max_size=3))),
        postings=tuple(postings),
    )


_seats = st.integers(-500, 500)
moves = st.lists(
    st.builds(
        flight_events.CapacityMove,
        cabin=st.sampled_from("YJ"),
        authorised=_seats,
        held=_seats,
        sold=_seats,
    ),
    max_size=2,
).map(tuple)
cabin_fares = st.lists(
    st.builds(flight_events.CabinFare, cabin=st.sampled_from("YJ"), fare=amounts()), max_size=2
).map(tuple)
passengers = st.lists(
    st.builds(
        booking_events.Passenger,
        type=st.sampled_from(pricing_rules.PASSENGER_TYPES),
        name=boxes,
    ),
    max_size=9,
).map(tuple)
tickets = st.lists(
    st.builds(
        booking_events.Ticket,
        passenger=st.integers(0, 8),
        number=st.builds(ids.ticket_number, st.just("065"), st.integers(1, 10**10 - 1)),
    ),
    max_size=9,
).map(tuple)

# How the field of each name is drawn; the tags are a contract, so is the meaning of the names.
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "amount": amounts(),
    "arrives_at": instants,
    "attempt": attempts,
    "booking": booking_streams,
    "cabin": st.sampled_from("YJ"),
    "charge": charges,
    "code": texts,
    "contact": boxes,
    "departs_at": instants,
    "destination": texts,
    "destination_zone": texts,
    "domestic": st.booleans(),
    "due": amounts(),
    "entry": balanced_entries(),
    "expires_at": instants,
    "fares": cabin_fares,
    "flight": flight_streams,
    "hold_until": instants,
    "idempotency_key": texts,
    "intent": intents,
    "locale": st.sampled_from(("ar", "en")),
    "moves": moves,
    "number": texts,
    "origin": texts,
    "origin_zone": texts,
    "owner": texts,
    "passengers": passengers,
    "payment": payment_streams,
    "price": prices | loose_prices,
    "reason": texts,
    "seat_count": st.integers(0, 9),
    "session": provider_ids,
    "started_at": instants,
    "tickets": tickets,
    "until": instants,
    "url": texts,
}


def events_of(event_type: type[DomainEvent]) -> st.SearchStrategy[DomainEvent]:
    """Any event of the type; a field whose name is not in FIELDS fails loudly."""
    drawn = {name: FIELDS[name] for name in event_type.__struct_fields__}
    return st.builds(event_type, **drawn)
