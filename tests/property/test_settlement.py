"""Whatever order facts, lists and hints come in, however often, and wherever a sweep is cut: the
books are the same, and account 1010 is Stripe's balance in every currency.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from application.payment.gateway import GatewayUnavailable
from domain.kernel import money
from domain.kernel.money import Money
from tests.support.airline import payment_of
from tests.support.settled import SettledAirline, exchanged, settled_airline

# Currency and fare of the sale, the settlement currency, and rates of charge, refund and failure.
CASES = (
    ("SAR", 50_000, "SAR", ("1", "1", "1")),
    ("SAR", 50_000, "USD", ("0.2666", "0.2701", "0.2650")),
    ("KWD", 45_000, "USD", ("3.2510", "3.2400", "3.2600")),
    ("JPY", 20_000, "AED", ("0.0245", "0.0247", "0.0239")),
)


class Journey(msgspec.Struct, frozen=True):
    """A sale with refunds of these percents of it; those marked fail later."""

    case: int
    refunds: tuple[tuple[int, bool], ...]


class Plan(msgspec.Struct, frozen=True):
    """Journeys, whether the next step is Stripe's or ours, and when sweeps are tried and cut."""

    journeys: tuple[Journey, ...]
    stripe_first: tuple[bool, ...]
    sweeps: tuple[int | None, ...]


journeys = st.builds(
    Journey,
    case=st.integers(0, len(CASES) - 1),
    refunds=st.lists(st.tuples(st.sampled_from((10, 35, 50)), st.booleans()), max_size=2).map(
        tuple
    ),
)
plans = st.builds(
    Plan,
    journeys=st.lists(journeys, min_size=1, max_size=3).map(tuple),
    stripe_first=st.lists(st.booleans(), min_size=24, max_size=24).map(tuple),
    sweeps=st.lists(st.one_of(st.none(), st.integers(0, 4)), min_size=24, max_size=24).map(tuple),
)
Step = Callable[[], Any]


@settings(max_examples=25, deadline=None)
@given(plan=plans)
def test_any_order_repeats_and_cuts_give_the_same_books_and_stripes_own_balance(
    plan: Plan,
) -> None:
    asyncio.run(_compare(plan))


async def _compare(plan: Plan) -> None:
    straight = msgspec.structs.replace(plan, stripe_first=(False,) * 24, sweeps=(None,) * 24)
    books = [await _books_after(each) for each in (straight, plan)]
    assert books[0] == books[1]


async def _books_after(plan: Plan) -> dict[tuple[str, str], int]:
    async with settled_airline(page_size=2) as settled:
        booked, listed = _steps(settled, plan)
        merged = _merged(booked, listed, plan.stripe_first)
        for number, step in enumerate(merged):
            step()
            settled.airline.wait(seconds=20)
            await _sweep(settled, plan.sweeps[number % len(plan.sweeps)])
        await settled.sweeper.sweep()
        for currency in sorted({CASES[each.case][2] for each in plan.journeys}):
            settled.stripe.pay_out(currency, payout=f"po_{currency}")
            settled.stripe.move(f"po_{currency}", "paid", reconciled=True)
            await settled.learn(f"po_{currency}")
            await settled.learn(f"po_{currency}")
        for each in await settled.comparer.compare():
            assert (each.unexplained, each.awaited) == (0, 0), each
            assert each.booked == each.reported
        assert all(row.booked == row.listed for row in _rows(settled, "settled_amounts"))
        assert all(row.paid_out == row.amount for row in _rows(settled, "settled_payouts"))
        return settled.books()


def _rows(settled: SettledAirline, table: str) -> list[Any]:
    return list(settled.rows(table))


async def _sweep(settled: SettledAirline, calls: int | None) -> None:
    """Sweep until the line is cut after so many calls; None for no sweep."""
    if calls is None:
        return
    settled.stripe.breaks_after = len(settled.stripe.calls) + calls
    try:
        await settled.sweeper.sweep()
    except GatewayUnavailable:
        pass
    finally:
        settled.stripe.breaks_after = None


def _steps(settled: SettledAirline, plan: Plan) -> tuple[list[Step], list[Step]]:
    """What the airline books and what Stripe lists, each in its order."""
    booked: list[Step] = []
    listed: list[Step] = []
    for number, journey in enumerate(plan.journeys):
        currency, fare, settled_in, rates = CASES[journey.case]
        flight = settled.airline.schedule(
            f"SV{number + 1}", fare=fare, currency=currency, domestic=False
        )
        booking = settled.airline.book(flight)
        due = settled.airline.booking(booking).amount_due()
        charge = f"ch_pi_{payment_of(booking)}"
        received = exchanged(due, settled_in, rates[0])
        booked.append(lambda booking=booking: settled.airline.pay(booking))
        listed.append(
            lambda charge=charge, due=due, received=received: settled.stripe.charge(
                charge, due, settled=received, fee=17
            )
        )
        for part, (percent, fails) in enumerate(journey.refunds):
            back = money.round_to_charge_step(due.amount * percent, 100, currency)
            refund = _Refund(settled, booking, charge, f"re_{number}_{part}", back)
            booked.append(refund.book)
            listed.append(lambda r=refund, s=settled_in, q=rates[1]: r.list_it(s, q))
            if fails:
                booked.append(refund.book_failure)
                listed.append(lambda r=refund, s=settled_in, q=rates[2]: r.list_failure(s, q))
    return booked, listed


class _Refund:
    """One refund, as it is booked and as Stripe lists it."""

    def __init__(
        self, settled: SettledAirline, booking: str, charge: str, name: str, amount: Money
    ) -> None:
        self._settled = settled
        self._booking = booking
        self._charge = charge
        self._name = name
        self._amount = amount
        self._id = ""

    def book(self) -> None:
        self._id = self._settled.give_refund(self._booking, self._amount, self._name)

    def book_failure(self) -> None:
        self._settled.fail_refund(self._booking, self._id, self._name)

    def list_it(self, settled_in: str, rate: str) -> None:
        back = exchanged(self._amount, settled_in, rate)
        self._settled.stripe.refund(self._name, self._charge, self._amount, settled=back)

    def list_failure(self, settled_in: str, rate: str) -> None:
        back = exchanged(self._amount, settled_in, rate)
        self._settled.stripe.refund_failure(self._name, self._charge, self._amount, settled=back)


def _merged(booked: list[Step], listed: list[Step], stripe_first: tuple[bool, ...]) -> list[Step]:
    """Both in their own order; the flags say whose step is next."""
    return list(_merge(iter(booked), iter(listed), stripe_first))


def _merge(
    booked: Iterator[Step], listed: Iterator[Step], stripe_first: tuple[bool, ...]
) -> Iterator[Step]:
    for first in stripe_first:
        step = next(listed if first else booked, None)
        if step is not None:
            yield step
    yield from booked
    yield from listed
