"""One credit: whatever happens to it in any order, its balance and account 2200 agree."""

import datetime as dt
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.credit import credits, rejections
from domain.credit.events import CreditEvent, Origin, ReturnCause
from domain.credit.state import Credit
from domain.kernel import ids, sealed
from domain.kernel.money import Money
from domain.ledger import accounts
from domain.ledger import credits as posting_rules
from tests.support.credits import GRACE, LIFETIME, RETURNED

NOW = dt.datetime(2026, 11, 24, 9, tzinfo=dt.UTC)
TODAY = NOW.date()
DAY = dt.timedelta(days=1)
NAME = "credit-7KQ2M4XWZ9PD3TRA"
BOOKING = "booking-ABC234"
ACCOUNT = sealed.Sealed("subject", b"account")
OPEN_ENTRY = posting_rules.expired_entry(credit=NAME, amount=Money(1, "SAR"), now=NOW)


def issued(
    amount: int = 10_000, *, currency: str = "SAR", origin: Origin = "cheaper_change"
) -> Credit:
    """A credit of a customer."""
    money = Money(amount, currency)
    (event,) = credits.issue(
        owner="user_1",
        booking=BOOKING,
        amount=money,
        origin=origin,
        expires_at=NOW + LIFETIME,
        entry=OPEN_ENTRY,
    )
    return credits.evolve(None, event)


def after(credit: Credit, events: list[CreditEvent]) -> Credit:
    """The credit after the events."""
    for event in events:
        credit = credits.evolve(credit, event)
    return credit


def spent(credit: Credit, amount: int, *, use: str = "use-1", now: dt.datetime = NOW) -> Credit:
    """The credit after a part was spent."""
    events = credits.spend(
        credit,
        use=use,
        booking=BOOKING,
        payment="payment-ABC234-1",
        amount=Money(amount, credit.balance.currency),
        now=now,
        entry=OPEN_ENTRY,
    )
    return after(credit, events)


def test_a_credit_is_issued_for_more_than_nothing() -> None:
    for amount in (0, -1):
        with pytest.raises(rejections.InvalidCredit):
            issued(amount)


@pytest.mark.parametrize("amount", [0, -1, 10_001])
def test_no_more_is_spent_than_is_left(amount: int) -> None:
    with pytest.raises(rejections.CreditAmountRefused) as refused:
        spent(issued(), amount)
    assert refused.value.parameters["most"] == 10_000


def test_a_use_is_spent_once() -> None:
    credit = spent(issued(), 4_000)
    assert spent(credit, 5_000) is credit
    assert credit.balance == Money(6_000, "SAR")


def test_it_is_spent_in_its_own_currency_before_it_expires_and_not_while_it_is_paid_out() -> None:
    credit = issued()

    def reason(credit: Credit, currency: str, now: dt.datetime) -> object:
        with pytest.raises(rejections.CreditNotSpendable) as refused:
            credits.require_spendable(credit, currency=currency, now=now)
        return refused.value.parameters["reason"]

    assert reason(credit, "KWD", NOW) == "currency"
    assert reason(credit, "SAR", credit.expires_at) == "expired"
    credits.require_spendable(credit, currency="SAR", now=credit.expires_at - DAY)
    assert reason(spent(credit, 10_000), "SAR", NOW) == "spent"
    proposed = after(
        credit,
        credits.propose_payout(credit, account=ACCOUNT, by="finance_1", now=NOW, today=TODAY),
    )
    assert reason(proposed, "SAR", NOW) == "payout_proposed"


def returned(
    credit: Credit, *, now: dt.datetime, cause: ReturnCause, use: str = "use-1", amount: int = 1
) -> Credit:
    """The credit after a part of a use came back."""
    events = credits.return_part(
        credit,
        use=use,
        amount=Money(amount, credit.balance.currency),
        now=now,
        returned_for=RETURNED,
        grace=GRACE,
        entry=OPEN_ENTRY,
        cause=cause,
    )
    return after(credit, events)


CAUSES: tuple[ReturnCause, ...] = ("unpaid", "refund", "airline", "change")


@pytest.mark.parametrize("cause", CAUSES)
def test_what_comes_back_long_before_its_end_ends_as_before(cause: ReturnCause) -> None:
    credit = spent(issued(), 4_000)
    back = returned(credit, now=NOW, cause=cause, amount=4_000)
    assert back.balance == Money(10_000, "SAR")
    assert (back.expires_at, back.in_grace) == (credit.expires_at, False)


@pytest.mark.parametrize("cause", ["refund", "change"])
def test_what_comes_back_late_has_a_grace_and_what_is_spent_in_it_has_no_other(
    cause: ReturnCause,
) -> None:
    credit = spent(spent(issued(), 4_000), 2_000, use="use-2")
    for late in (credit.expires_at - DAY, credit.expires_at + 100 * DAY):
        back = returned(credit, now=late, cause=cause, amount=4_000)
        grace = late + GRACE
        assert (back.expires_at, back.in_grace) == (grace, True)
        again = spent(back, 4_000, use="use-3", now=grace - DAY)
        for once_more in CAUSES[:2]:
            later = returned(again, now=grace + DAY, cause=once_more, use="use-3", amount=4_000)
            assert later.expires_at == grace
            assert credits.is_expired(later, now=grace + DAY)
        # Another part that was spent before all that has a grace of its own.
        other = returned(again, now=grace + DAY, cause=cause, use="use-2")
        assert other.expires_at == grace + DAY + GRACE


def test_the_credit_of_an_unpaid_booking_has_a_grace_only_where_it_has_ended_meanwhile() -> None:
    credit = spent(issued(), 4_000, now=issued().expires_at - DAY)
    early = returned(credit, now=credit.expires_at - dt.timedelta(seconds=1), cause="unpaid")
    assert early.expires_at == credit.expires_at
    late = returned(credit, now=credit.expires_at, cause="unpaid")
    assert (late.expires_at, late.in_grace) == (credit.expires_at + GRACE, True)


def test_what_comes_back_because_of_the_airline_lasts_ninety_days_each_time() -> None:
    credit = spent(issued(), 4_000)
    for number in (1, 2):
        late = credit.expires_at + DAY
        credit = returned(credit, now=late, cause="airline", use=f"use-{number}", amount=4_000)
        assert credit.expires_at == late + RETURNED
        assert not credit.in_grace
        credit = spent(credit, 4_000, use=f"use-{number + 1}", now=late)


@settings(max_examples=200)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(("spend", "return")),
            st.integers(0, 5),
            st.integers(0, 60),
            st.sampled_from(("unpaid", "refund", "change")),
        ),
        max_size=40,
    )
)
def test_no_detour_makes_credit_last_beyond_a_grace_after_what_was_spent_in_time(
    steps: list[tuple[str, int, int, ReturnCause]],
) -> None:
    """Whatever is booked and cancelled after the end of a credit, it lasts no longer."""
    credit, now = issued(), NOW + 350 * DAY
    end = credit.expires_at
    in_time: set[str] = set()
    latest = end
    for number, (what, which, days, cause) in enumerate(steps):
        now += days * DAY
        if what == "spend":
            if credits.spendable(credit, now=now).amount:
                credit = spent(credit, 1, use=f"use-{number}", now=now)
                if now < end:
                    in_time.add(f"use-{number}")
            continue
        open_uses = [each for each in credit.uses if each.left.amount]
        if open_uses:
            use = open_uses[which % len(open_uses)].id
            credit = returned(credit, now=now, cause=cause, use=use)
            if use in in_time:
                latest = max(latest, now + GRACE)
        assert credit.expires_at <= latest


def test_a_payout_needs_two_persons_and_is_never_made_of_goodwill() -> None:
    def reason(*arguments: object, **named: object) -> object:
        with pytest.raises(rejections.PayoutRefused) as refused:
            credits.pay_out(*arguments, **named)  # type: ignore[arg-type]
        return refused.value.parameters["reason"]

    paying = {
        "bank_reference": "T1",
        "paid_on": NOW.date(),
        "today": NOW.date(),
        "entry": OPEN_ENTRY,
    }
    credit = issued()
    assert reason(credit, by="finance_2", **paying) == "not_proposed"
    proposed = after(
        credit,
        credits.propose_payout(credit, account=ACCOUNT, by="finance_1", now=NOW, today=TODAY),
    )
    assert reason(proposed, by="finance_1", **paying) == "second_person_needed"
    assert reason(proposed, by="user_1", **paying) == "own_credit"
    for days, why in ((1, "in_the_future"), (-1, "before_proposal")):
        wrong = {**paying, "paid_on": TODAY + days * DAY}
        with pytest.raises(rejections.InvalidPayout) as invalid:
            credits.pay_out(proposed, by="finance_2", **wrong)  # type: ignore[arg-type]
        assert invalid.value.parameters == {"field": "paidOn", "reason": why}
    paid = after(proposed, credits.pay_out(proposed, by="finance_2", **paying))  # type: ignore[arg-type]
    assert paid.balance.amount == 0
    assert credits.pay_out(paid, by="finance_2", **paying) == []  # type: ignore[arg-type]
    assert reason(paid, by="finance_2", **{**paying, "bank_reference": "T2"}) == "another_transfer"
    for refused, why in ((issued(origin="goodwill"), "goodwill"), (paid, "nothing_left")):
        with pytest.raises(rejections.PayoutRefused) as never:
            credits.propose_payout(refused, account=ACCOUNT, by="finance_1", now=NOW, today=TODAY)
        assert never.value.parameters["reason"] == why
    with pytest.raises(rejections.PayoutRefused):
        credits.propose_payout(proposed, account=ACCOUNT, by="finance_1", now=NOW, today=TODAY)
    with pytest.raises(rejections.PayoutRefused, match="own_credit"):
        credits.propose_payout(credit, account=ACCOUNT, by="user_1", now=NOW, today=TODAY)
    declined = after(proposed, credits.decline_payout(proposed, by="finance_1"))
    assert credits.spendable(declined, now=NOW) == declined.balance


def test_one_transfer_pays_no_second_payout_of_what_came_back_since() -> None:
    def paid(credit: Credit, reference: str) -> list[CreditEvent]:
        today = NOW.date()
        return credits.pay_out(
            credit, bank_reference=reference, paid_on=today, today=today, by="two", entry=OPEN_ENTRY
        )

    def proposed(credit: Credit) -> Credit:
        events = credits.propose_payout(credit, account=ACCOUNT, by="one", now=NOW, today=TODAY)
        return after(credit, events)

    credit = proposed(spent(issued(), 4_000))
    credit = after(credit, paid(credit, "T1"))
    credit = proposed(returned(credit, now=NOW, cause="refund", amount=4_000))
    with pytest.raises(rejections.PayoutRefused):
        paid(credit, "T1")
    assert after(credit, paid(credit, "T2")).balance.amount == 0


def test_ids_are_of_eighty_random_bits() -> None:
    assert ids.credit_stream(bytes(10)) == "credit-AAAAAAAAAAAAAAAA"
    assert ids.credit_stream(b"\xff" * 10) == "credit-9999999999999999"
    made = {ids.credit_stream(bytes([0] * byte + [1] + [0] * (9 - byte))) for byte in range(10)}
    assert len(made) == 10
    assert all(ids.is_credit_id(each) for each in made)
    assert not ids.is_credit_id("credit-AAAAAAAAAAAAAAA")
    assert not ids.is_credit_id("credit-AAAAAAAAAAAAAAA0")


class AnyOrder(RuleBasedStateMachine):
    """Decisions about one credit at any time; 2200 is counted from the entries alone."""

    @initialize(
        amount=st.integers(1, 50_000),
        currency=st.sampled_from(("SAR", "KWD", "JPY")),
        origin=st.sampled_from(("cheaper_change", "goodwill", "compensation")),
    )
    def begin(self, amount: int, currency: str, origin: Origin) -> None:
        self.now = NOW
        self.currency = currency
        self.books: Counter[str] = Counter()
        self.spent: Counter[str] = Counter()
        self.back: Counter[str] = Counter()
        self.gone = 0
        money = Money(amount, currency)
        entry = posting_rules.issued_entry(
            credit=NAME, origin=origin, of=BOOKING, amount=money, now=NOW
        )
        self.state: Credit | None = None
        self.take(
            credits.issue(
                owner="user_1",
                booking=BOOKING,
                amount=money,
                origin=origin,
                expires_at=NOW + LIFETIME,
                entry=entry,
            )
        )
        self.issued = amount

    def take(self, events: list[CreditEvent]) -> bool:
        for event in events:
            entry = getattr(event, "entry", None)
            for posting in entry.postings if entry is not None else ():
                if posting.booking == NAME:
                    self.books[posting.account] += posting.amount
            assert entry is None or sum(each.amount for each in entry.postings) == 0
            self.state = credits.evolve(self.state, event)
        return bool(events)

    @property
    def credit(self) -> Credit:
        assert self.state is not None
        return self.state

    @rule(days=st.integers(1, 200))
    def wait(self, days: int) -> None:
        self.now += days * DAY

    @rule(number=st.integers(1, 4), amount=st.integers(1, 30_000))
    def spend(self, number: int, amount: int) -> None:
        money = Money(amount, self.currency)
        use = f"use-{number}"
        entry = posting_rules.spent_entry(credit=NAME, booking=BOOKING, amount=money, now=self.now)
        try:
            done = self.take(
                credits.spend(
                    self.credit,
                    use=use,
                    booking=BOOKING,
                    payment="payment-ABC234-1",
                    amount=money,
                    now=self.now,
                    entry=entry,
                )
            )
        except (rejections.CreditNotSpendable, rejections.CreditAmountRefused):
            return
        assert not done or self.now < self.credit.expires_at
        self.spent[use] += amount if done else 0

    @rule(number=st.integers(1, 4), share=st.integers(0, 4))
    def return_part(self, number: int, share: int) -> None:
        use = f"use-{number}"
        left = self.spent[use] - self.back[use]
        money = Money(left * share // 4, self.currency)
        if self.credit.use(use) is None:
            return
        entry = posting_rules.returned_entry(
            credit=NAME, booking=BOOKING, amount=money, now=self.now, cause=CAUSES[number - 1]
        )
        self.take(
            credits.return_part(
                self.credit,
                use=use,
                amount=money,
                now=self.now,
                returned_for=RETURNED,
                grace=GRACE,
                entry=entry,
                cause=CAUSES[number - 1],
            )
        )
        self.back[use] += money.amount

    @rule()
    def expire(self) -> None:
        left = self.credit.balance
        entry = posting_rules.expired_entry(credit=NAME, amount=left, now=self.now)
        if self.take(credits.expire(self.credit, now=self.now, entry=entry)):
            self.gone += left.amount

    @rule(pays=st.booleans())
    def pay_out(self, pays: bool) -> None:
        left = self.credit.balance
        entry = posting_rules.paid_out_entry(credit=NAME, amount=left, now=self.now)
        try:
            self.take(
                credits.propose_payout(
                    self.credit, account=ACCOUNT, by="one", now=self.now, today=self.now.date()
                )
            )
        except rejections.PayoutRefused:
            return
        if not pays:
            self.take(credits.decline_payout(self.credit, by="two"))
            return
        today = self.now.date()
        name = f"T{self.gone}"  # each payout has a transfer of its own
        self.take(
            credits.pay_out(
                self.credit, bank_reference=name, paid_on=today, today=today, by="two", entry=entry
            )
        )
        self.gone += left.amount

    @invariant()
    def the_balance_is_what_is_left(self) -> None:
        if getattr(self, "state", None) is None:
            return
        out = sum(self.spent.values()) - sum(self.back.values())
        assert self.credit.balance.amount == self.issued - out - self.gone >= 0
        assert self.books[accounts.TRAVEL_CREDITS] == -self.credit.balance.amount


TestAnyOrder = AnyOrder.TestCase
