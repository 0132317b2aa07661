"""Stripe's leg: its lists are read again, independent of what was recorded of them before."""

import datetime as dt
import hashlib

import msgspec

from application.payment import gateway as failures
from application.settlement.gateway import ListedTransaction, ProviderPayout, SettlementGateway
from domain.kernel import money
from domain.reconciliation.records import BookedBy, Listed, ListedPayout
from domain.settlement import categories
from domain.settlement.state import Transaction

# A run that has more pages (of a hundred) is refused: reconcile fewer days at once.
PAGES_LIMIT = 5_000
# Categories of which the ledger books each transaction by its own id.
BY_TRANSACTION = frozenset({categories.DISPUTE, categories.DISPUTE_REVERSAL})
PAYOUT_REVERSAL = "payout_reversal"

_encode = msgspec.json.Encoder(order="deterministic").encode


class StripeLeg(msgspec.Struct, frozen=True):
    """What Stripe lists of a stretch of time."""

    listed: tuple[Listed, ...]
    payouts: tuple[ListedPayout, ...]


async def read(stripe: SettlementGateway, *, since: dt.datetime, before: dt.datetime) -> StripeLeg:
    """Return transactions created in the stretch, and the payouts among them as they are now.

    Raises the failures of the gateway.
    """
    found = await _pages(stripe, since=since, before=before, payout=None)
    reported = {each.payout.id: each.payout for each in found if each.payout is not None}
    payouts = [await _payout(stripe, each) for _, each in sorted(reported.items())]
    return StripeLeg(tuple(_listed(each.transaction) for each in found), tuple(payouts))


async def _pages(
    stripe: SettlementGateway,
    *,
    since: dt.datetime | None,
    before: dt.datetime | None,
    payout: str | None,
) -> list[ListedTransaction]:
    found: list[ListedTransaction] = []
    after: str | None = None
    for _ in range(PAGES_LIMIT):
        page = await stripe.list_transactions(
            created_since=since, created_before=before, payout=payout, after=after
        )
        found += page.transactions
        if not page.has_more:
            return found
        after = page.transactions[-1].transaction.id
    raise failures.GatewayUnreadable(f"more than {PAGES_LIMIT} pages")


async def _payout(stripe: SettlementGateway, reported: ProviderPayout) -> ListedPayout:
    """Return the payout with the sum of what it paid out, where Stripe has completed the list."""
    paid_out = None
    if reported.automatic and reported.reconciled:
        parts = await _pages(stripe, since=None, before=None, payout=reported.id)
        paid_out = money.total(
            [part.transaction.net for part in parts if part.transaction.source != reported.id],
            reported.amount.currency,
        )
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
