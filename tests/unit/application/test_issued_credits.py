"""Staff give credit as goodwill, its owner sees it, and what is left expires into revenue."""

import datetime as dt

import pytest
from msgspec.structs import replace

from application.booking.record_bank_transfer import BankTransfer
from application.credit.expire_credit import ExpireCredit
from application.credit.issue_credit import SUPPORT_LIMITS, issue_credit
from application.credit.pay_out_credit import approve_payout, decline_payout
from application.credit.ports import CreditPorts
from application.credit.read_credits import list_credits, read_visible_credit
from application.identity.ports import Principal
from application.queries import AsOf
from domain.booking.rejections import BookingNotFound
from domain.credit.rejections import CreditNotFound, InvalidCredit
from domain.identity.rejections import NotAllowed
from domain.identity.roles import Role
from domain.kernel.money import Money
from domain.ledger import accounts
from tests.support import invariants
from tests.support.credits import LIFETIME
from tests.support.memory_read_models import MemoryReadModels
from tests.support.memory_use_cases import CUSTOMER, MemoryUseCases

DAY = dt.timedelta(days=1)
DAYS = 30


class Crediting:
    """A paid booking of the customer, and who gives credit for it."""

    def __init__(self, cases: MemoryUseCases, booking: str) -> None:
        self.cases = cases
        self.booking = booking
        self.ports = CreditPorts(
            cases.ports,
            self._credits_of,
            cards_of=self._credits_of,
            card_with_code=self._no_card,
            new_code=str,
            digest_of_code=str,
            goodwill_days=DAYS,
        )
        self._read_models = MemoryReadModels()

    async def _credits_of(self, owner: str) -> tuple[list[str], AsOf]:
        events = self.cases.airline.log.events
        self._read_models.follow(events[self._read_models.position :])
        rows = self._read_models.rows("credits")
        found = sorted((row.expires_at, row.credit) for row in rows if row.owner == owner)
        return [name for _, name in found], AsOf(0, 0.0)

    async def _no_card(self, _digest: str) -> None:
        return None

    async def issue(self, amount: int, *, role: Role = "finance", currency: str = "SAR") -> str:
        """Give so much; the id of the credit."""
        found, _ = await issue_credit(
            self.ports,
            self.cases.caller(role),
            self.booking,
            amount=Money(amount, currency),
            reason="we are sorry",
        )
        invariants.check(self.cases.airline.log)
        return found.credit_id


async def crediting(**flight: object) -> Crediting:
    """A booking of one adult."""
    cases = MemoryUseCases()
    return Crediting(cases, await cases.ticketed(cases.airline.schedule(**flight)))  # type: ignore[arg-type]


@pytest.mark.parametrize("currency", ["SAR", "KWD", "JPY"])
async def test_ledger_row_27_goodwill_is_owed_to_the_bookings_owner_for_a_year(
    currency: str,
) -> None:
    at = await crediting(currency=currency)
    name = await at.issue(7_000, currency=currency)
    found, _ = await list_credits(at.ports, CUSTOMER.user)
    (listed,) = found
    credit = listed.credit
    assert (listed.credit_id, credit.balance, credit.origin) == (
        name,
        Money(7_000, currency),
        "goodwill",
    )
    assert credit.expires_at == at.cases.airline.clock() + LIFETIME
    assert credit.booking == at.booking
    (issued,) = at.cases.airline.log.streams[name]
    assert {(each.account, each.booking, each.amount) for each in issued.event.entry.postings} == {
        (accounts.COMPENSATION, at.booking, 7_000),
        (accounts.TRAVEL_CREDITS, name, -7_000),
    }


async def test_support_gives_no_more_than_its_limit_and_finance_does() -> None:
    at = await crediting()
    most = SUPPORT_LIMITS["SAR"]
    await at.issue(most, role="support")
    with pytest.raises(InvalidCredit) as refused:
        await at.issue(1, role="support")
    assert refused.value.parameters == {"field": "amount", "reason": "over_limit", "most": 0}
    await at.issue(most + 1)


async def test_support_is_limited_by_booking_and_by_customer_over_thirty_days() -> None:
    at = await crediting()
    airline, most = at.cases.airline, SUPPORT_LIMITS["SAR"]
    first = at.booking
    others = [await at.cases.ticketed(airline.schedule(f"SV{number}")) for number in (7, 8, 9)]

    async def most_left() -> object:
        with pytest.raises(InvalidCredit) as refused:
            await at.issue(10 * most, role="support")
        return refused.value.parameters["most"]

    for part in (most // 3, most // 3, most - 2 * (most // 3)):
        await at.issue(part, role="support")
    assert await most_left() == 0
    at.booking = others[0]
    assert await most_left() == most, "another booking of the same customer"
    await at.issue(most, role="support")
    airline.wait(days=1)
    at.booking = others[1]
    assert await most_left() == 0, "the customer has had enough"
    airline.wait(days=DAYS - 2)
    assert await most_left() == 0
    airline.wait(days=1)
    assert await most_left() == most, "what was given first is out of the period"
    at.booking = first
    assert await most_left() == most


async def test_what_finance_has_given_counts_for_support_and_not_for_finance() -> None:
    at = await crediting(currency="KWD")
    most = SUPPORT_LIMITS["KWD"]
    await at.issue(most - 1, currency="KWD")
    with pytest.raises(InvalidCredit) as refused:
        await at.issue(2, role="support", currency="KWD")
    assert refused.value.parameters["most"] == 1
    await at.issue(1, role="support", currency="KWD")
    await at.issue(5 * most, currency="KWD")


async def test_nobody_gives_credit_for_a_booking_of_their_own() -> None:
    at = await crediting()
    with pytest.raises(NotAllowed):
        await issue_credit(
            at.ports,
            replace(at.cases.caller("admin"), principal=Principal(CUSTOMER.user, "admin")),
            at.booking,
            amount=Money(100, "SAR"),
            reason="a broken seat",
        )


async def test_credit_is_in_the_currency_of_the_booking_and_more_than_nothing() -> None:
    at = await crediting()
    for amount, currency in ((1_000, "KWD"), (0, "SAR"), (-5, "SAR")):
        with pytest.raises(InvalidCredit):
            await at.issue(amount, currency=currency)
    at.booking = "booking-222222"
    with pytest.raises(BookingNotFound):
        await at.issue(1_000)


async def test_nobody_else_sees_it_but_staff() -> None:
    at = await crediting()
    name = await at.issue(1_000)
    assert (await read_visible_credit(at.ports, CUSTOMER, name)).credit_id == name
    assert await read_visible_credit(at.ports, at.cases.caller("support").principal, name)
    stranger = at.cases.caller("agent").principal
    for asked in (name, "credit-AAAAAAAAAAAAAAAA", "credit-", "booking-ABC234"):
        with pytest.raises(CreditNotFound):
            await read_visible_credit(at.ports, stranger, asked)


async def test_ledger_row_26_what_is_left_expires_into_revenue_once() -> None:
    at = await crediting()
    airline = at.cases.airline
    name = await at.issue(7_000)
    airline.clock.now += LIFETIME - DAY
    airline.submit(ExpireCredit(name))
    assert airline.log.state(name).balance == Money(7_000, "SAR")
    airline.clock.now += DAY
    for _ in range(2):
        airline.submit(ExpireCredit(name))
    invariants.check(airline.log)
    assert airline.log.state(name).balance == Money(0, "SAR")
    (entry,) = [
        each.event.entry
        for each in airline.log.streams[name]
        if each.event.tag == "credit.expired.1"
    ]
    assert {(each.account, each.amount) for each in entry.postings} == {
        (accounts.TRAVEL_CREDITS, 7_000),
        (accounts.BREAKAGE, -7_000),
    }
    with pytest.raises(CreditNotFound):
        airline.submit(ExpireCredit("credit-AAAAAAAAAAAAAAAA"))


@pytest.mark.parametrize("odd", ["ABCDEF", "0001-01", "", "booking-ABC234", "credit-0"])
async def test_an_id_that_is_none_of_a_credit_is_not_found_whatever_is_asked(odd: str) -> None:
    at = await crediting()
    finance = at.cases.caller("finance")
    transfer = BankTransfer("FT26330-0060", at.cases.airline.clock().date())
    with pytest.raises(CreditNotFound):
        await decline_payout(at.ports, finance, odd)
    with pytest.raises(CreditNotFound):
        await approve_payout(at.ports, finance, odd, transfer)
    with pytest.raises(CreditNotFound):
        await read_visible_credit(at.ports, finance.principal, odd)
