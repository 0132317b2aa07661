"""What Stripe settles, read by the real adapter from the simulator: the books are its balance."""

import datetime as dt
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import stripe

from application.payment.gateway import RESOURCE_MISSING, GatewayRejected
from application.settlement.compare_balance import BookedClearing, compared
from application.settlement.follow_payout import PayoutFollower
from application.settlement.gateway import ListedTransaction
from application.settlement.sweep_transactions import TransactionSweeper
from domain.kernel.money import Money
from infrastructure.stripe.gateway import StripePaymentGateway
from tests.integration.stripe import clients
from tests.support.invariants import entries_of
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_log import MemoryEventLog
from tests.support.settled import MemoryCheckpoints, dispatching
from tests.support.stripe_simulator import StripeSimulator

# Where each charge currency settles, at which rate now and at which later.
EXCHANGES = {
    "SAR": ("usd", 0.2666, 0.2701),
    "KWD": ("usd", 3.251, 3.24),
    "JPY": ("aed", 0.0245, 0.0247),
}


@pytest.fixture
def account() -> Any:
    """A simulator of its own: the lists have only what the test made."""
    with StripeSimulator() as simulator:
        yield simulator


@pytest.fixture
async def reader(account: StripeSimulator) -> AsyncIterator[StripePaymentGateway]:
    async with clients.gateway_to(account) as adapter:
        yield adapter


@pytest.fixture
async def client(account: StripeSimulator) -> AsyncIterator[stripe.StripeClient]:
    async with clients.sdk_to(account) as sdk:
        yield sdk


def settle_in(account: StripeSimulator, later: bool = False) -> None:
    """Set where each currency settles, and at which rate."""
    account.control(
        "settings",
        exchanges={
            currency.lower(): {"currency": settled, "rate": last if later else rate}
            for currency, (settled, rate, last) in EXCHANGES.items()
        },
    )


async def charge(client: stripe.StripeClient, amount: int, currency: str) -> str:
    """A paid intent with our ids."""
    paid = await client.v1.payment_intents.create_async(
        {
            "amount": amount,
            "currency": currency.lower(),
            "confirm": True,
            "payment_method": "pm_card_visa",
            "metadata": {"booking": "booking-ABC234", "payment": "payment-ABC234-1"},
        }
    )
    return paid.id


async def listed(reader: StripePaymentGateway) -> list[ListedTransaction]:
    """Every transaction, newest first."""
    since = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    return list((await reader.settlement.list_transactions(created_since=since)).transactions)


@pytest.mark.parametrize("currency", EXCHANGES)
async def test_a_charge_in_each_currency_shows_its_settlement(
    currency: str,
    account: StripeSimulator,
    reader: StripePaymentGateway,
    client: stripe.StripeClient,
) -> None:
    settle_in(account)
    intent = await charge(client, 70_150, currency)
    (found,) = await listed(reader)
    transaction = found.transaction
    settled_in, rate, _ = EXCHANGES[currency]
    assert transaction.charged == Money(70_150, currency)
    assert transaction.gross.currency == settled_in.upper()
    assert (transaction.exchange_rate, transaction.intent) == (str(rate), intent)
    assert (transaction.booking, transaction.payment) == ("booking-ABC234", "payment-ABC234-1")
    assert await reader.settlement.balance() == [transaction.net]


async def test_what_is_recorded_of_every_movement_is_stripes_own_balance(
    account: StripeSimulator, reader: StripePaymentGateway, client: stripe.StripeClient
) -> None:
    settle_in(account)
    intents = [await charge(client, 70_150, currency) for currency in EXCHANGES for _ in range(2)]
    settle_in(account, later=True)
    for intent in intents[::2]:
        await client.v1.refunds.create_async(
            {"payment_intent": intent, "amount": 30_150},
            {"idempotency_key": f"refund:{uuid.uuid4()}"},
        )
    account.control("funds")
    payouts = account.control("payouts")["data"]
    assert len(payouts) == 2
    account.control("payout_ends", payout=payouts[0]["id"], status="paid")
    account.control("payout_ends", payout=payouts[0]["id"], status="failed")
    airline = MemoryAirline()
    async with dispatching(MemoryEventLog(airline.log), airline.clock) as bus:
        follower = PayoutFollower(bus=bus, stripe=reader.settlement)
        sweeper = TransactionSweeper(
            stripe=reader.settlement,
            follower=follower,
            checkpoints=MemoryCheckpoints(),
            clock=lambda: dt.datetime.now(dt.UTC),
        )
        assert await sweeper.sweep() == len(await listed(reader))
        assert await sweeper.sweep() == 0
    booked = _books(airline, "1010")
    # No payment of ours booked these charges and refunds: their other side explains the rest.
    awaited = dict.fromkeys(EXCHANGES, -(2 * 70150 - 30150))
    balances = compared(await reader.settlement.balance(), BookedClearing(booked, awaited))
    assert [each.unexplained for each in balances] == [0] * len(balances)
    assert _books(airline, "6000").keys() == {"USD", "AED"}
    returned = payouts[0]["currency"].upper()
    assert returned not in _books(airline, "1020")
    assert len(_books(airline, "1020")) == 1


async def test_the_list_of_a_payout_is_what_it_paid_out(
    account: StripeSimulator, reader: StripePaymentGateway, client: stripe.StripeClient
) -> None:
    for _ in range(3):
        await charge(client, 10_000, "SAR")
    await listed(reader)
    account.control("funds")
    (made,) = account.control("payouts")["data"]
    payout = await reader.settlement.payout(made["id"])
    assert (payout.amount, payout.automatic) == (Money(made["amount"], "SAR"), True)
    assert payout.reconciled
    page = await reader.settlement.list_transactions(payout=made["id"])
    nets = [
        each.transaction.net.amount
        for each in page.transactions
        if each.transaction.source != made["id"]
    ]
    assert (len(nets), sum(nets)) == (3, made["amount"])
    for wanted in ({"kind": "payout"}, {"source": made["id"]}):
        page = await reader.settlement.list_transactions(**wanted)
        assert [each.transaction.source for each in page.transactions] == [made["id"]]


def _books(airline: MemoryAirline, account: str) -> dict[str, int]:
    """The account by currency, without zeros."""
    sums: dict[str, int] = {}
    for entry in entries_of(airline.log):
        for each in entry.postings:
            if each.account == account:
                sums[each.currency] = sums.get(each.currency, 0) + each.amount
    return {currency: amount for currency, amount in sums.items() if amount}


async def test_a_transaction_is_read_by_its_id_as_it_is_listed(
    account: StripeSimulator, client: stripe.StripeClient, reader: StripePaymentGateway
) -> None:
    await charge(client, 50_000, "SAR")
    (found,) = await listed(reader)
    assert found.transaction.intent is not None
    assert await reader.settlement.transaction(found.id) == found
    with pytest.raises(GatewayRejected) as refused:
        await reader.settlement.transaction("txn_0")
    assert refused.value.code == RESOURCE_MISSING
