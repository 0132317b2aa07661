"""Writes entries as journal lines and adds them to balances; amounts are never recomputed (L3)."""

import datetime as dt
from collections.abc import Iterable, Sequence

import msgspec

from application.commands import stream_kinds
from domain.kernel import entries
from domain.kernel.events import DomainEvent
from domain.ledger import accounts, vat
from domain.payment import events as payment_events
from domain.pricing.tax import VAT_PERCENT
from projections import rows
from projections.projection import CUSTOMERS_PAUSE_SECONDS, Cursor, LoggedEvent, Projection

JOURNAL = "ledger_journal"
BALANCE = "ledger_balance"
BOOKING_BALANCE = "ledger_booking_balance"
PARKED_FUNDS = "ledger_parked_funds"
_PARKING = (payment_events.FundsParked, payment_events.ParkedFundsApplied)
REFERENCE = "ledger_reference"
DAY = "ledger_day"
CORRECTION = "ledger_correction"
SUPPLY = "ledger_supply"

# Only these accounts are also summed per booking: finance must process what stays in them.
ACCOUNTS_PER_BOOKING = frozenset(
    {
        accounts.UNAPPLIED_FUNDS,
        accounts.REFUNDS_PAYABLE,
        accounts.TRAVEL_CREDITS,
        accounts.DISPUTES_RECEIVABLE,
        accounts.EXTERNAL_REFUNDS,
        accounts.COMPENSATION_PAYABLE,
    }
)


class JournalRow(msgspec.Struct, frozen=True):
    """One line of one entry: minor units, debit positive.

    `balance` is what the account holds in the currency after the line, in log order.
    """

    position: int
    line: int
    stream: str
    version: int
    tag: str
    effective_on: dt.date
    recorded_on: dt.date
    recorded_at: dt.datetime
    rule: str
    rule_version: int
    provider_references: tuple[str, ...]
    account: str
    booking: str
    amount: int
    currency: str
    balance: int


class ReferenceRow(msgspec.Struct, frozen=True):
    """An object at Stripe, or a ticket, that the entry at a position is about."""

    reference: str
    position: int


class DayRow(msgspec.Struct, frozen=True):
    """The first and the last entry that were recorded on an accounting day."""

    recorded_on: dt.date
    first_position: int
    last_position: int


class CorrectionRow(msgspec.Struct, frozen=True):
    """What was recorded on one accounting day and belongs to another."""

    account: str
    currency: str
    effective_on: dt.date
    recorded_on: dt.date
    amount: int


class SupplyRow(msgspec.Struct, frozen=True):
    """What an entry adds to the VAT return, in minor units."""

    position: int
    currency: str
    effective_on: dt.date
    standard_net: int
    zero_rated_net: int
    vat: int


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
    posted: list[tuple[LoggedEvent, entries.Entry]] = []
    balances = Balances()
    for logged in events:
        if isinstance(logged.event, _PARKING):
            continue
        entry = entry_of(logged.event)
        if entry is not None:
            posted.append((logged, entry))
            balances.add(entry.postings)
    lines = _lines(posted, _held(cursor, posted))
    rows.insert(cursor, JOURNAL, lines)
    rows.insert(cursor, REFERENCE, _references(posted))
    rows.insert(cursor, SUPPLY, _supplies(posted))
    _write_parked_funds(cursor, events)
    rows.add(cursor, BALANCE, ("account", "currency"), "amount", balances.by_account())
    rows.add(
        cursor,
        BOOKING_BALANCE,
        ("account", "booking", "currency"),
        "amount",
        balances.by_booking(),
    )
    rows.add(
        cursor,
        CORRECTION,
        ("account", "currency", "effective_on", "recorded_on"),
        "amount",
        corrections(lines),
    )
    _write_days(cursor, lines)


def _held(
    cursor: Cursor, posted: Sequence[tuple[LoggedEvent, entries.Entry]]
) -> dict[tuple[str, str], int]:
    """What each account of the batch holds in each currency before it."""
    accounts = {posting.account for _, entry in posted for posting in entry.postings}
    found = rows.load(cursor, BALANCE, "account", accounts, BalanceRow)
    return {(each.account, each.currency): each.amount for each in found}


def _lines(
    posted: Sequence[tuple[LoggedEvent, entries.Entry]], held: dict[tuple[str, str], int]
) -> list[JournalRow]:
    """The lines in log order, each with the balance after it; `held` moves along."""
    lines: list[JournalRow] = []
    for logged, entry in posted:
        recorded_on = entries.accounting_day(logged.recorded_at)
        for line, posting in enumerate(entry.postings, start=1):
            key = (posting.account, posting.currency)
            held[key] = held.get(key, 0) + posting.amount
            lines.append(
                JournalRow(
                    position=logged.position,
                    line=line,
                    stream=logged.stream,
                    version=logged.version,
                    tag=logged.event.tag,
                    effective_on=entry.effective_on,
                    recorded_on=recorded_on,
                    recorded_at=logged.recorded_at,
                    rule=entry.rule,
                    rule_version=entry.version,
                    provider_references=entry.references,
                    account=posting.account,
                    booking=posting.booking,
                    amount=posting.amount,
                    currency=posting.currency,
                    balance=held[key],
                )
            )
    return lines


def _references(posted: Sequence[tuple[LoggedEvent, entries.Entry]]) -> list[ReferenceRow]:
    return [
        ReferenceRow(reference, logged.position)
        for logged, entry in posted
        for reference in dict.fromkeys(entry.references)
    ]


def _supplies(posted: Sequence[tuple[LoggedEvent, entries.Entry]]) -> list[SupplyRow]:
    return [
        SupplyRow(
            logged.position,
            supply.currency,
            entry.effective_on,
            supply.standard_net,
            supply.zero_rated_net,
            supply.vat,
        )
        for logged, entry in posted
        for supply in vat.supplies_of(entry, percent=VAT_PERCENT)
    ]


def corrections(lines: Iterable[JournalRow]) -> list[CorrectionRow]:
    """Return the sums of the lines that belong to another day than that of their recording."""
    sums: dict[tuple[str, str, dt.date, dt.date], int] = {}
    for line in lines:
        if line.effective_on != line.recorded_on:
            key = (line.account, line.currency, line.effective_on, line.recorded_on)
            sums[key] = sums.get(key, 0) + line.amount
    return [CorrectionRow(*key, amount) for key, amount in sums.items()]


def _write_days(cursor: Cursor, lines: Sequence[JournalRow]) -> None:
    days: dict[dt.date, DayRow] = {}
    for line in lines:
        first = days.get(line.recorded_on)
        since = line.position if first is None else first.first_position
        days[line.recorded_on] = DayRow(line.recorded_on, since, line.position)
    rows.upsert(cursor, DAY, ("recorded_on",), list(days.values()), kept=("first_position",))


def _write_parked_funds(cursor: Cursor, events: Sequence[LoggedEvent]) -> None:
    """Insert what was parked, and remove what was applied after all."""
    applied = {
        each.stream for each in events if isinstance(each.event, payment_events.ParkedFundsApplied)
    }
    known = rows.load(cursor, PARKED_FUNDS, "payment", applied, ParkedFundsRow) if applied else []
    parked = {(each.payment, each.intent): each for each in known}
    for logged in events:
        match logged.event:
            case payment_events.FundsParked() as event:
                parked[logged.stream, event.intent] = _parked(logged, event)
            case payment_events.ParkedFundsApplied() as event:
                parked.pop((logged.stream, event.intent), None)
    rows.delete(cursor, PARKED_FUNDS, "payment", sorted(applied))
    rows.insert(cursor, PARKED_FUNDS, list(parked.values()))


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
        *_PARKING,
    ),
    apply=apply,
    stops_on_poison=True,
    pause_seconds=CUSTOMERS_PAUSE_SECONDS,
)
