"""Stripe's leg: its lists are read again, independent of what was recorded of them before."""

import datetime as dt
import hashlib
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec

from application.payment import gateway as failures
from application.settlement.gateway import (
    ListedTransaction,
    ProviderPayout,
    SettlementGateway,
    TransactionPage,
)
from domain.kernel import money
from domain.kernel.money import Money
from domain.reconciliation.records import BookedBy, Listed, ListedPayout
from domain.settlement import categories
from domain.settlement.state import Transaction

# A run that has more pages (of a hundred) is refused: reconcile fewer days at once.
PAGES_LIMIT = 5_000
# Categories of which the ledger books each transaction by its own id.
BY_TRANSACTION = frozenset({categories.DISPUTE, categories.DISPUTE_REVERSAL})
PAYOUT, PAYOUT_REVERSAL = "payout", "payout_reversal"

_encode = msgspec.json.Encoder(order="deterministic").encode


class StripeLeg(msgspec.Struct, frozen=True):
    """What Stripe lists of a stretch of time."""

    listed: tuple[Listed, ...]
    payouts: tuple[ListedPayout, ...]


async def read(stripe: SettlementGateway, *, since: dt.datetime, before: dt.datetime) -> StripeLeg:
    """Return transactions created in the stretch, and the payouts among them as they are now.

    Raises the failures of the gateway.
    """
    found = await _pages(
        partial(stripe.list_transactions, created_since=since, created_before=before)
    )
    payouts = [await _payout(stripe, each) for each in _payouts(found)]
    return StripeLeg(tuple(_listed(each.transaction) for each in found), tuple(payouts))


async def find_payouts(
    stripe: SettlementGateway, *, since: dt.datetime, before: dt.datetime
) -> tuple[ListedPayout, ...]:
    """Return the payouts of a stretch for lines of the bank: what they paid out is not read.

    Raises the failures of the gateway.
    """
    found = await _pages(
        partial(stripe.list_transactions, created_since=since, created_before=before, kind=PAYOUT)
    )
    return tuple(_listed_payout(each, None) for each in _payouts(found))


async def find(stripe: SettlementGateway, source: str) -> tuple[Listed, ...]:
    """Return what Stripe lists of a charge, refund, dispute or payout, whenever it was created.

    Raises the failures of the gateway.
    """
    found = await _pages(partial(stripe.list_transactions, source=source))
    return tuple(_listed(each.transaction) for each in found)


async def _pages(list_page: Callable[..., Awaitable[TransactionPage]]) -> list[ListedTransaction]:
    found: list[ListedTransaction] = []
    after: str | None = None
    for _ in range(PAGES_LIMIT):
        page = await list_page(after=after)
        found += page.transactions
        if not page.has_more:
            return found
        after = page.transactions[-1].transaction.id
    raise failures.GatewayUnreadable(f"more than {PAGES_LIMIT} pages")


def _payouts(found: list[ListedTransaction]) -> list[ProviderPayout]:
    reported = {each.payout.id: each.payout for each in found if each.payout is not None}
    return [each for _, each in sorted(reported.items())]


async def _payout(stripe: SettlementGateway, reported: ProviderPayout) -> ListedPayout:
    """Return the payout with the sum of what it paid out, where Stripe has completed the list."""
    if not (reported.automatic and reported.reconciled):
        return _listed_payout(reported, None)
    currency = reported.amount.currency
    nets = [
        part.transaction.net
        for part in await _pages(partial(stripe.list_transactions, payout=reported.id))
        if part.transaction.source != reported.id
    ]
    # What is in another currency is no part of the sum, which then differs.
    return _listed_payout(
        reported, money.total([net for net in nets if net.currency == currency], currency)
    )


def _listed_payout(reported: ProviderPayout, paid_out: Money | None) -> ListedPayout:
    return ListedPayout(
        id=reported.id,
        amount=reported.amount,
        status=reported.status,
        arrives_on=reported.arrives_on,
        created_at=reported.created_at,
        digest=digest_of(reported),
        paid_out=paid_out,
        trace=reported.trace,
    )


def _listed(transaction: Transaction) -> Listed:
    return Listed(
        id=transaction.id,
        category=transaction.category,
        key=_key(transaction),
        booked_by=_booked_by(transaction.category),
        gross=transaction.gross,
        fee=transaction.fee,
        created_at=transaction.created_at,
        available_on=transaction.available_on,
        digest=digest_of(transaction),
        charged=transaction.charged,
        opening=(
            transaction.source if transaction.category == PAYOUT_REVERSAL else transaction.charge
        ),
        collects=_collects(transaction),
    )


def _collects(transaction: Transaction) -> tuple[str, ...]:
    """Return the intent of a charge; what follows a charge names its intent, and collects none."""
    if transaction.category != categories.CHARGE or transaction.intent is None:
        return ()
    return (transaction.intent,)


def _key(transaction: Transaction) -> str:
    if transaction.source is None or transaction.category in BY_TRANSACTION:
        return transaction.id
    return transaction.source


def _booked_by(category: str) -> BookedBy:
    treatment = categories.TREATMENTS.get(category)
    if treatment is None:
        return "nobody"
    return "transaction" if treatment.amount_by == "transaction" else "fact"


def digest_of(read_: Transaction | ProviderPayout) -> str:
    """Return the hash of what was read of an object at Stripe, in its only encoding."""
    return hashlib.sha256(_encode(read_)).hexdigest()
