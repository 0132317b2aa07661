"""Writes entries as journal lines and adds them to balances; amounts are never recomputed (L3)."""

import datetime as dt
from collections.abc import Iterable, Sequence

import msgspec

from application.commands import stream_kinds
from domain.kernel import entries
from domain.kernel.events import DomainEvent
from domain.ledger import accounts
from domain.payment import events as payment_events
from projections import rows
from projections.projection import Cursor, LoggedEvent, Projection

JOURNAL = "ledger_journal"
BALANCE = "ledger_balance"
BOOKING_BALANCE = "ledger_booking_balance"
PARKED_FUNDS = "ledger_parked_funds"

# Only these accounts are also summed per booking: finance must process what stays in them.
ACCOUNTS_PER_BOOKING = frozenset({accounts.UNAPPLIED_FUNDS, accounts.REFUNDS_PAYABLE})


class JournalRow(msgspec.Struct, frozen=True):
    """One line of one entry: minor units, debit positive."""

    position: int
    line: int
    stream: str
    effective_on: dt.date
    recorded_at: dt.datetime
    rule: str
    rule_version: int
    provider_references: tuple[str, ...]
    account: str
    booking: str
    amount: int
    currency: str


class BalanceRow(msgspec.Struct, frozen=True):
    """The balance of an account, or the sum that a batch adds to it."""

    account: str
    currency: str
    amount: int


class BookingBalanceRow(msgspec.Struct, frozen=True):
    """The balance of an account for one booking."""

    account: str
    booking: str
    currency: str
    amount: int


class ParkedFundsRow(msgspec.Struct, frozen=True):
    """Money that was captured and could not be applied, with the reason."""

    position: int
    payment: str
    intent: str
    amount: int
    currency: str
    reason: str
    recorded_at: dt.datetime


class Balances:
    """Sums of postings, kept in memory and written once."""

    def __init__(self) -> None:
        self._accounts: dict[tuple[str, str], int] = {}
        self._bookings: dict[tuple[str, str, str], int] = {}

    def add(self, postings: Iterable[entries.Posting]) -> None:
        """Add the postings of one entry."""
        for posting in postings:
            key = (posting.account, posting.currency)
            self._accounts[key] = self._accounts.get(key, 0) + posting.amount
            if posting.account in ACCOUNTS_PER_BOOKING:
                of = (posting.account, posting.booking, posting.currency)
                self._bookings[of] = self._bookings.get(of, 0) + posting.amount

    def by_account(self) -> list[BalanceRow]:
        """Return one row for each account and currency, in no order."""
        return [BalanceRow(*key, amount) for key, amount in self._accounts.items()]

    def by_booking(self) -> list[BookingBalanceRow]:
        """Return one row for each account, booking and currency, in no order."""
        return [BookingBalanceRow(*key, amount) for key, amount in self._bookings.items()]


def is_money_event(event_type: type[DomainEvent]) -> bool:
    """Return whether events of the type can carry an entry."""
    return "entry" in event_type.__struct_fields__


def entry_of(event: DomainEvent) -> entries.Entry | None:
    """Return the entry of a money event; None where the event moved no money.

    Cancelling an unpaid booking is such an event: its type allows an entry, it has none.
    """
    entry: entries.Entry | None = event.entry  # type: ignore[attr-defined]  # is_money_event
    return entry


def apply(cursor: Cursor, events: Sequence[LoggedEvent]) -> None:
    """Write lines and parked funds, and add the batch's sums to the balances."""
    lines: list[JournalRow] = []
    parked: list[ParkedFundsRow] = []
    balances = Balances()
    for logged in events:
        if isinstance(logged.event, payment_events.FundsParked):
            parked.append(_parked(logged, logged.event))
            continue
        entry = entry_of(logged.event)
        if entry is None:
            continue
        lines += _lines(logged, entry)
        balances.add(entry.postings)
    rows.insert(cursor, JOURNAL, lines)
    rows.insert(cursor, PARKED_FUNDS, parked)
    rows.add(cursor, BALANCE, ("account", "currency"), "amount", balances.by_account())
    rows.add(
        cursor,
        BOOKING_BALANCE,
        ("account", "booking", "currency"),
        "amount",
        balances.by_booking(),
    )


def _lines(logged: LoggedEvent, entry: entries.Entry) -> Iterable[JournalRow]:
    for line, posting in enumerate(entry.postings, start=1):
        yield JournalRow(
            position=logged.position,
            line=line,
            stream=logged.stream,
            effective_on=entry.effective_on,
            recorded_at=logged.recorded_at,
            rule=entry.rule,
            rule_version=entry.version,
            provider_references=entry.references,
            account=posting.account,
            booking=posting.booking,
            amount=posting.amount,
            currency=posting.currency,
        )


def _parked(logged: LoggedEvent, event: payment_events.FundsParked) -> ParkedFundsRow:
    return ParkedFundsRow(
        position=logged.position,
        payment=logged.stream,
        intent=event.intent,
        amount=event.amount.amount,
        currency=event.amount.currency,
        reason=event.reason,
        recorded_at=logged.recorded_at,
    )


PROJECTION = Projection(
    name="ledger_journal",
    event_types=(
        *(kind for kind in stream_kinds.EVENT_TYPES.values() if is_money_event(kind)),
        payment_events.FundsParked,
    ),
    apply=apply,
    stops_on_poison=True,
)
