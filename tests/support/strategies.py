"""Hypothesis strategies for everything that is stored: money, prices, parties, all events."""

import datetime as dt
import enum
import functools
import types
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import strategies as st

from domain.kernel import entries, ids, money, sealed
from domain.kernel.events import DomainEvent
from domain.pricing import rules as pricing_rules
from domain.pricing.price import PassengerType
from tests.support.launch_prices import segment_fare

CURRENCIES = ("SAR", "USD", "EGP", "KWD", "BHD", "JOD", "OMR", "TND", "JPY")
ACCOUNTS = ("1010", "2000", "2020", "2100", "2300", "2310")

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


@st.composite
def journeys(draw: st.DrawFn) -> tuple[pricing_rules.SegmentFare, ...]:
    """One to four flights sold in one currency."""
    currency = draw(currency_codes)
    flown = st.builds(segment_fare, fares(currencies=(currency,)), st.booleans())
    return tuple(draw(st.lists(flown, min_size=1, max_size=4)))


prices = st.builds(pricing_rules.price_journey, segments=journeys(), passengers=parties())


accounts = st.sampled_from(ACCOUNTS)
accounting_days = st.dates(dt.date(2020, 1, 1), dt.date(2090, 1, 1))
_currencies_of_an_entry = st.lists(currency_codes, min_size=1, max_size=2, unique=True)
_amounts_of_a_currency = st.lists(st.integers(-(10**15), 10**15), min_size=1, max_size=4)
_versions = st.integers(1, 99)
_references = st.lists(provider_ids, max_size=3).map(tuple)


@st.composite
def balanced_entries(draw: st.DrawFn) -> entries.Entry:
    """Postings in one or two currencies that sum to zero in each."""
    postings: list[entries.Posting] = []
    for currency in draw(_currencies_of_an_entry):
        drawn = draw(_amounts_of_a_currency)
        for amount in (*drawn, -sum(drawn)):
            posting = entries.Posting(draw(accounts), draw(booking_streams), amount, currency)
            postings.append(posting)
    return entries.Entry(
        effective_on=draw(accounting_days),
        rule=draw(texts),
        version=draw(_versions),
        references=draw(_references),
        postings=tuple(postings),
    )


# Values that are not made field by field.
WHOLE: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    int: st.integers(-(10**15), 10**15),
    bool: st.booleans(),
    bytes: st.binary(max_size=64),
    dt.datetime: instants,
    dt.date: accounting_days,
    money.Money: amounts(),
    sealed.Sealed: boxes,
    entries.Entry: balanced_entries(),
}


@functools.cache
def values_of(wanted: Any) -> st.SearchStrategy[Any]:
    """Any value that the stored type can hold; made once, for that takes longer than to draw."""
    if wanted in WHOLE:
        return WHOLE[wanted]
    origin, arguments = get_origin(wanted), get_args(wanted)
    if origin in {Union, types.UnionType}:
        return st.one_of(*(values_of(each) for each in arguments))
    if wanted is type(None):
        return st.none()
    if wanted is msgspec.UnsetType:
        return st.just(msgspec.UNSET)
    if origin is Literal:
        return st.sampled_from(arguments)
    if isinstance(wanted, type) and issubclass(wanted, enum.Enum):
        return st.sampled_from(tuple(wanted))
    if origin is tuple:
        assert arguments[1:] == (...,)
        return st.lists(values_of(arguments[0]), max_size=3).map(tuple)
    if origin is dict:
        return st.dictionaries(*(values_of(each) for each in arguments), max_size=3)
    fields = {name: values_of(kind) for name, kind in _fields(wanted).items()}
    return st.builds(wanted, **fields)


@functools.cache
def _fields(struct: type[msgspec.Struct]) -> dict[str, Any]:
    hints = get_type_hints(struct)
    return {name: hints[name] for name in struct.__struct_fields__}


def events_of(event_type: type[DomainEvent]) -> st.SearchStrategy[DomainEvent]:
    """Any event of the type; a field of a type that is not known here fails loudly."""
    return cast(st.SearchStrategy[DomainEvent], values_of(event_type))
