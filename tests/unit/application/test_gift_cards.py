"""A gift card is bought, claimed, spent, refunded and disputed; the books follow at each step."""

import datetime as dt
from typing import Any

import pytest

from application.booking.settle_parked_funds import SettleParkedFunds
from application.credit.claim_gift_card import ClaimGiftCard
from application.credit.expire_credit import ExpireCredit
from application.credit.gift_card_letters import (
    GiftCardCodeLetter,
    GiftCardReceiptLetter,
    GiftCardRefundLetter,
    GiftCardReturnedMoneyLetter,
)
from application.credit.open_gift_card_checkout import StartGiftCardCheckout
from application.credit.pay_out_credit import ProposePayout
from application.credit.refund_gift_card import RefundGiftCard
from application.credit.resend_gift_code import ResendGiftCode
from application.credit.spend_credit import SpendCredit
from application.payment.record_attempt import Declined, Expired, Opened
from application.payment.record_capture_check import FoundIntent, RecordCaptureCheck
from application.payment.record_refund import Settled
from domain.credit import gift_cards
from domain.credit.rejections import (
    CreditNotFound,
    CreditNotSpendable,
    GiftCardAmountRefused,
    GiftCardNotClaimable,
    GiftCardNotPayable,
    GiftCardNotRefundable,
    GiftCodeNotResent,
    PayoutRefused,
)
from domain.kernel.money import Money
from domain.kernel.sealed import Sealed
from domain.payment.rejections import AlreadyPaid
from tests.support.airline import payment_of
from tests.support.disputes import Disputed, books
from tests.support.gift_cards import BUYER, bought, claimed, order, payment
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_processes import ProcessRuns

AMOUNTS = {"SAR": 500_00, "KWD": 50_000, "JPY": 20_000}
CURRENCIES = sorted(AMOUNTS)
each_currency = pytest.mark.parametrize("currency", CURRENCIES)


@pytest.fixture
def airline() -> MemoryAirline:
    """An airline whose processes are decided in the append of their cause."""
    made = MemoryAirline()
    ProcessRuns(made).decide_with_causes()
    return made


def sar(amount: int) -> Money:
    """Riyals in minor units."""
    return Money(amount, "SAR")


def letters(airline: MemoryAirline) -> list[str]:
    """The topics of all letters about gift cards, in order."""
    topics = {
        each.topic
        for each in (
            GiftCardCodeLetter,
            GiftCardReceiptLetter,
            GiftCardRefundLetter,
            GiftCardReturnedMoneyLetter,
        )
    }
    return [task.topic for task in airline.log.outbox if task.topic in topics]


@each_currency
def test_ledger_row_25_a_card_is_worth_its_amount_once_it_is_paid(
    airline: MemoryAirline, currency: str
) -> None:
    amount = Money(AMOUNTS[currency], currency)
    card = airline.submit(order(amount)).answer.stream
    airline.submit(StartGiftCardCheckout(card))
    assert (airline.state(card).balance.amount, books(airline)) == (0, {})
    airline.submit(payment(card, amount))
    assert airline.state(card).balance == amount
    assert books(airline) == {"1010": amount.amount, "2200": -amount.amount}
    assert letters(airline) == ["mail.gift_card_code", "mail.gift_card_paid"]


def test_what_only_a_signature_reports_buys_no_card_before_stripe_confirms_it(
    airline: MemoryAirline,
) -> None:
    card = airline.submit(order(sar(500_00))).answer.stream
    airline.submit(StartGiftCardCheckout(card))
    airline.submit(payment(card, sar(500_00), signed=True))
    with pytest.raises(GiftCardNotClaimable, match="not_paid"):
        airline.submit(ClaimGiftCard(card, "user_1"))
    assert letters(airline) == []
    with pytest.raises(AlreadyPaid):
        airline.submit(StartGiftCardCheckout(card))
    airline.submit(RecordCaptureCheck(payment_of(card), "pi_gift", None))
    assert airline.state(card).balance.amount == 0
    found = FoundIntent(sar(500_00), payment_of(card))
    airline.submit(RecordCaptureCheck(payment_of(card), "pi_gift", found))
    assert airline.state(card).balance == sar(500_00)
    assert letters(airline) == ["mail.gift_card_code", "mail.gift_card_paid"]


@pytest.mark.parametrize("signed", [False, True])
def test_money_that_a_card_cannot_take_goes_back_once(
    airline: MemoryAirline, *, signed: bool
) -> None:
    card = bought(airline, sar(500_00))
    airline.submit(payment(card, sar(500_00), intent="pi_twice", signed=signed))
    if signed:
        found = FoundIntent(sar(500_00), payment_of(card))
        airline.submit(RecordCaptureCheck(payment_of(card), "pi_twice", found))
    airline.submit(SettleParkedFunds(payment_of(card), "pi_twice"))
    refunds = airline.payment(payment_of(card)).refunds
    assert [(each.intent, each.amount) for each in refunds] == [("pi_twice", sar(500_00))]
    assert letters(airline)[2:] == ["mail.gift_card_payment_returned"]
    airline.record_refund(payment_of(card), refunds[0].id, Settled("re_1"))
    assert books(airline) == {"1010": 500_00, "2200": -500_00}


def test_another_amount_than_the_cards_goes_back_and_the_card_can_still_be_paid(
    airline: MemoryAirline,
) -> None:
    card = airline.submit(order(sar(500_00))).answer.stream
    airline.submit(StartGiftCardCheckout(card))
    airline.submit(payment(card, sar(400_00), intent="pi_less"))
    assert airline.state(card).balance.amount == 0
    assert [each.amount for each in airline.payment(payment_of(card)).refunds] == [sar(400_00)]
    airline.submit(StartGiftCardCheckout(card))
    airline.submit(payment(card, sar(500_00)))
    assert airline.state(card).balance == sar(500_00)


def test_late_money_still_buys_the_card(airline: MemoryAirline) -> None:
    card = airline.submit(order(sar(500_00))).answer.stream
    airline.submit(StartGiftCardCheckout(card))
    airline.wait(hours=25)
    with pytest.raises(GiftCardNotPayable, match="lapsed"):
        airline.submit(StartGiftCardCheckout(card))
    airline.submit(payment(card, sar(500_00)))
    assert airline.state(card).balance == sar(500_00)


def test_a_declined_card_of_a_bank_leaves_the_order_payable(airline: MemoryAirline) -> None:
    card = airline.submit(order(sar(500_00))).answer.stream
    attempt = airline.submit(StartGiftCardCheckout(card)).answer.ids["attempt"]
    airline.record_attempt(card, Declined("pi_gift", "ch_1", "card_declined"))
    assert airline.submit(StartGiftCardCheckout(card)).answer.ids["attempt"] == attempt
    airline.record_attempt(card, Expired())
    assert airline.submit(StartGiftCardCheckout(card)).answer.ids["attempt"] != attempt


def test_one_session_is_open_at_a_time_and_none_for_a_paid_card(airline: MemoryAirline) -> None:
    card = airline.submit(order(sar(500_00))).answer.stream
    first = airline.submit(StartGiftCardCheckout(card)).answer.ids["attempt"]
    ends = airline.clock() + dt.timedelta(hours=1)
    airline.record_attempt(card, Opened("cs_1", "https://pay", ends))
    assert airline.submit(StartGiftCardCheckout(card)).answer.ids["attempt"] == first
    airline.submit(payment(card, sar(500_00)))
    with pytest.raises(GiftCardNotPayable, match="paid"):
        airline.submit(StartGiftCardCheckout(card))


@each_currency
def test_a_claimed_card_pays_for_a_booking(airline: MemoryAirline, currency: str) -> None:
    flight = airline.schedule("SV1", seats=2, fare=AMOUNTS[currency] // 4, currency=currency)
    card = claimed(airline, Money(AMOUNTS[currency], currency))
    booking = airline.book(flight)
    airline.submit(SpendCredit(booking, card, "user_1"))
    due = airline.booking(booking).price.total()
    assert airline.booking(booking).captured == due
    assert airline.state(card).balance == Money(AMOUNTS[currency], currency) - due


def test_a_card_is_claimed_once(airline: MemoryAirline) -> None:
    card = bought(airline, sar(500_00))
    assert airline.added(ClaimGiftCard(card, "user_1"))[card]
    assert airline.added(ClaimGiftCard(card, "user_1")) == {}
    with pytest.raises(GiftCardNotClaimable, match="claimed"):
        airline.submit(ClaimGiftCard(card, "user_2"))
    with pytest.raises(CreditNotFound):
        airline.submit(SpendCredit(airline.book(airline.schedule("SV1")), card, "user_2"))


def test_nobody_spends_a_card_that_is_not_claimed(airline: MemoryAirline) -> None:
    card = bought(airline, sar(500_00))
    booking = airline.book(airline.schedule("SV1"))
    for user in (BUYER, "", "user_1"):
        with pytest.raises(CreditNotFound):
            airline.submit(SpendCredit(booking, card, user))


@each_currency
def test_a_card_that_nobody_claimed_is_refunded_once_to_its_payer(
    airline: MemoryAirline, currency: str
) -> None:
    amount = Money(AMOUNTS[currency], currency)
    card = bought(airline, amount)
    airline.submit(RefundGiftCard(card))
    assert books(airline) == {"1010": amount.amount, "2100": -amount.amount}
    assert airline.added(RefundGiftCard(card)) == {}
    (refund,) = airline.payment(payment_of(card)).refunds
    assert (refund.amount, refund.intent) == (amount, "pi_gift")
    airline.record_refund(payment_of(card), refund.id, Settled("re_1"))
    assert books(airline) == {}
    with pytest.raises(GiftCardNotClaimable, match="refunded"):
        airline.submit(ClaimGiftCard(card, "user_1"))
    assert letters(airline)[2:] == ["mail.gift_card_refunded"]


@pytest.mark.parametrize(
    ("days", "by_staff", "reason"),
    [(14, False, None), (14.01, False, "too_late"), (14.01, True, None), (366, True, "expired")],
)
def test_the_buyer_has_fourteen_days_and_staff_the_life_of_the_card(
    airline: MemoryAirline, days: float, *, by_staff: bool, reason: str | None
) -> None:
    card = bought(airline, sar(500_00))
    airline.wait(days=days)
    if reason is None:
        assert airline.added(RefundGiftCard(card, by_staff=by_staff))[card]
    else:
        with pytest.raises(GiftCardNotRefundable, match=reason):
            airline.submit(RefundGiftCard(card, by_staff=by_staff))


@pytest.mark.parametrize("by_staff", [False, True])
def test_a_claimed_card_and_an_unpaid_one_are_not_refunded(
    airline: MemoryAirline, *, by_staff: bool
) -> None:
    unpaid = airline.submit(order(sar(500_00), digest="1" * 64)).answer.stream
    with pytest.raises(GiftCardNotRefundable, match="not_paid"):
        airline.submit(RefundGiftCard(unpaid, by_staff=by_staff))
    card = claimed(airline, sar(500_00))
    with pytest.raises(GiftCardNotRefundable, match="claimed"):
        airline.submit(RefundGiftCard(card, by_staff=by_staff))


def test_finance_does_not_pay_out_what_a_card_bought(airline: MemoryAirline) -> None:
    card = claimed(airline, sar(500_00))
    with pytest.raises(PayoutRefused, match="gift_card"):
        airline.submit(ProposePayout(card, Sealed("sub_1", b"iban"), "user_finance"))


@pytest.mark.parametrize("is_claimed", [False, True])
def test_ledger_row_26_a_card_expires_into_revenue(
    airline: MemoryAirline, *, is_claimed: bool
) -> None:
    card = (claimed if is_claimed else bought)(airline, sar(500_00))
    airline.wait(days=364)
    assert airline.added(ExpireCredit(card)) == {}
    airline.wait(days=1)
    airline.submit(ExpireCredit(card))
    assert books(airline) == {"1010": 500_00, "4020": -500_00}
    if not is_claimed:
        with pytest.raises(GiftCardNotClaimable, match="expired"):
            airline.submit(ClaimGiftCard(card, "user_1"))


@pytest.mark.parametrize(
    ("amount", "is_sold"),
    [
        (sar(50_00), True),
        (sar(49_99), False),
        (sar(5_000_00), True),
        (sar(5_000_01), False),
        (Money(5_000, "KWD"), True),
        (Money(5_001, "KWD"), False),
        (Money(2_000, "JPY"), True),
        (Money(1_000, "USD"), False),
        (sar(0), False),
        (sar(-500_00), False),
    ],
)
def test_cards_are_sold_within_limits_that_a_card_can_be_charged(
    airline: MemoryAirline, amount: Money, *, is_sold: bool
) -> None:
    if is_sold:
        assert airline.submit(order(amount)).answer.stream
    else:
        with pytest.raises(GiftCardAmountRefused):
            airline.submit(order(amount))


def test_while_its_payment_is_disputed_nothing_of_a_card_can_be_used(
    airline: MemoryAirline,
) -> None:
    card = bought(airline, sar(500_00))
    disputed = Disputed(airline, card, amount=500_00)
    disputed.withdrawn(fee=75_00)
    with pytest.raises(GiftCardNotClaimable, match="disputed"):
        airline.submit(ClaimGiftCard(card, "user_1"))
    with pytest.raises(GiftCardNotRefundable, match="disputed"):
        airline.submit(RefundGiftCard(card, by_staff=True))
    airline.wait(days=366)
    assert airline.added(ExpireCredit(card)) == {}
    disputed.moved(500_00)
    disputed.becomes("won")
    assert airline.added(ExpireCredit(card))[card]


def test_a_won_dispute_lets_a_claimed_card_be_spent_again(airline: MemoryAirline) -> None:
    card = claimed(airline, sar(500_00))
    booking = airline.book(airline.schedule("SV1", fare=100_00))
    disputed = Disputed(airline, card, amount=500_00)
    disputed.withdrawn()
    with pytest.raises(CreditNotSpendable, match="disputed"):
        airline.submit(SpendCredit(booking, card, "user_1"))
    disputed.moved(500_00)
    disputed.becomes("won")
    airline.submit(SpendCredit(booking, card, "user_1"))
    assert airline.booking(booking).captured is not None


def test_an_inquiry_blocks_nothing(airline: MemoryAirline) -> None:
    card = bought(airline, sar(500_00))
    Disputed(airline, card, amount=500_00, status="warning_needs_response").record()
    assert airline.added(ClaimGiftCard(card, "user_1"))[card]


@pytest.mark.parametrize("is_claimed", [False, True])
def test_a_lost_dispute_takes_what_is_left_of_the_card(
    airline: MemoryAirline, *, is_claimed: bool
) -> None:
    card = (claimed if is_claimed else bought)(airline, sar(500_00))
    disputed = Disputed(airline, card, amount=500_00)
    disputed.withdrawn(fee=75_00)
    disputed.becomes("lost")
    assert airline.state(card).balance == sar(0)
    assert books(airline) == {"1010": -75_00, "6020": 75_00}
    with pytest.raises(GiftCardNotClaimable):
        airline.submit(ClaimGiftCard(card, "user_2"))


def test_a_dispute_of_a_part_leaves_the_rest_to_be_claimed(airline: MemoryAirline) -> None:
    card = bought(airline, sar(500_00))
    disputed = Disputed(airline, card, amount=200_00)
    disputed.withdrawn()
    disputed.becomes("lost")
    airline.submit(ClaimGiftCard(card, "user_1"))
    assert airline.state(card).balance == sar(300_00)
    assert books(airline) == {"1010": 300_00, "2200": -300_00}


def test_what_was_spent_before_a_lost_dispute_is_a_loss_until_it_comes_back(
    airline: MemoryAirline,
) -> None:
    card = claimed(airline, sar(500_00))
    booking = airline.book(airline.schedule("SV1", fare=100_00))
    airline.submit(SpendCredit(booking, card, "user_1"))
    spent = airline.booking(booking).price.total().amount
    disputed = Disputed(airline, card, amount=500_00)
    disputed.withdrawn()
    disputed.becomes("lost")
    assert books(airline, "6010", "2200", "1200") == {"6010": spent}
    assert airline.state(card).shortfall == spent
    airline.cancel(booking)
    back = airline.state(card).uses[0].returned.amount
    assert back > 0
    assert (airline.state(card).balance.amount, airline.state(card).shortfall) == (0, spent - back)
    assert books(airline, "6010", "2200").get("6010", 0) == spent - back


def test_a_dispute_of_a_second_payment_leaves_the_card_alone(airline: MemoryAirline) -> None:
    card = bought(airline, sar(500_00))
    airline.process.follow_ups = None
    airline.submit(payment(card, sar(500_00), intent="pi_twice"))
    disputed = Disputed(airline, card, amount=500_00, intent="pi_twice")
    disputed.withdrawn()
    assert airline.added(ClaimGiftCard(card, "user_1"))[card]
    disputed.becomes("lost")
    assert airline.state(card).balance == sar(500_00)
    assert books(airline) == {"1010": 500_00, "2200": -500_00}


def test_the_names_of_all_reasons_are_shown_to_the_buyer(airline: MemoryAirline) -> None:
    now: Any = airline.clock
    card = airline.submit(order(sar(500_00))).answer.stream
    assert gift_cards.shown_status(airline.state(card), now=now()) == "ordered"
    airline.wait(hours=25)
    assert gift_cards.shown_status(airline.state(card), now=now()) == "lapsed"
    paid = bought(airline, sar(500_00), digest="1" * 64)
    assert gift_cards.shown_status(airline.state(paid), now=now()) == "paid"
    airline.wait(days=366)
    assert gift_cards.shown_status(airline.state(paid), now=now()) == "expired"


def test_the_code_is_sent_again_five_times_at_most_and_only_while_it_can_be_used(
    airline: MemoryAirline,
) -> None:
    card = bought(airline, sar(500_00))
    for number in range(1, 6):
        airline.submit(ResendGiftCode(card))
        sent = [each for each in airline.log.outbox if isinstance(each, GiftCardCodeLetter)]
        assert [each.number for each in sent] == list(range(number + 1))
    with pytest.raises(GiftCodeNotResent, match="sent_too_often"):
        airline.submit(ResendGiftCode(card))
    airline.submit(ClaimGiftCard(card, "user_1"))
    with pytest.raises(GiftCodeNotResent, match="claimed"):
        airline.submit(ResendGiftCode(card))
    unpaid = airline.submit(order(sar(500_00), digest="1" * 64)).answer.stream
    with pytest.raises(GiftCodeNotResent, match="not_paid"):
        airline.submit(ResendGiftCode(unpaid))
