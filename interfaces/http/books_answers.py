"""The books as JSON: the same answers for HTTP and for `ais ledger`; amounts in minor units."""

import datetime as dt
import re

import msgspec

from application.ledger import books_at, read_ledger
from application.ledger.books import JournalEntry
from application.ledger.books_at import BooksQuestion
from application.ledger.read_journal import JournalPage
from application.ledger.read_ledger import Balances
from application.ledger.read_statement import Statement
from domain.kernel import ids
from interfaces.http import wire

_POSITION = re.compile(r"[0-9]{1,18}")


def question(as_of: dt.date | None, known_at: str | None) -> BooksQuestion:
    """Return which books are asked for; `known_at` is an instant with its zone, or a log position.

    Rejects QuestionRefused.
    """
    if known_at is None:
        return BooksQuestion(as_of)
    if _POSITION.fullmatch(known_at):
        return BooksQuestion(as_of, known_position=int(known_at))
    try:
        instant = msgspec.convert(known_at, type=dt.datetime, strict=False)
    except msgspec.ValidationError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise books_at.QuestionRefused(field="knownAt", reason="not_an_instant_or_position")
    return BooksQuestion(as_of, known_at=instant)


class KnownResponse(wire.ReadModelResponse, kw_only=True):
    """Root of answers from the books: they count what is recorded up to `knownPosition`."""

    known_position: int


class BalanceResponse(msgspec.Struct, rename="camel"):
    """What an account holds in a currency: one side."""

    account: str
    name: str
    type: str
    currency: str
    debit: int
    credit: int


class TrialBalanceResponse(KnownResponse):
    """All accounts with a line by `asOf` (null: all days); `balanced` when both sides agree."""

    as_of: dt.date | None
    balanced: bool
    balances: list[BalanceResponse]


def trial_balance(found: Balances) -> TrialBalanceResponse:
    """Return the trial balance as JSON."""
    return TrialBalanceResponse(
        as_of=found.day,
        balanced=found.balanced,
        balances=[
            BalanceResponse(
                account=row.account.number,
                name=row.account.name,
                type=row.account.type,
                currency=row.currency,
                debit=max(row.amount, 0),
                credit=max(-row.amount, 0),
            )
            for row in found.rows
        ],
        known_position=found.known,
        as_of_position=found.as_of.position,
        lag_seconds=found.as_of.lag_seconds,
    )


class StatementLineResponse(msgspec.Struct, rename="camel"):
    """One line: debit positive; `balance` is what the account holds after it."""

    effective_on: dt.date
    position: int
    event: str
    recorded_at: dt.datetime
    rule: str
    references: list[str]
    booking: str
    amount: int
    balance: int


class StatementResponse(KnownResponse):
    """A page of a statement; `opening` and `closing` are those of the whole, debit positive."""

    account: str
    name: str
    currency: str
    since: dt.date = msgspec.field(name="from")
    until: dt.date = msgspec.field(name="to")
    opening: int
    brought_forward: int
    lines: list[StatementLineResponse]
    closing: int
    next_cursor: str | None


def statement(found: Statement) -> StatementResponse:
    """Return a page of a statement as JSON."""
    return StatementResponse(
        account=found.account.number,
        name=found.account.name,
        currency=found.currency,
        since=found.since,
        until=found.until,
        opening=found.opening,
        brought_forward=found.brought_forward,
        lines=[
            StatementLineResponse(
                effective_on=each.line.effective_on,
                position=each.line.position,
                event=str(ids.event_id(each.line.stream, each.line.version)),
                recorded_at=each.line.recorded_at,
                rule=each.line.rule,
                references=list(each.line.provider_references),
                booking=each.line.booking,
                amount=each.line.amount,
                balance=each.balance,
            )
            for each in found.lines
        ],
        closing=found.closing,
        next_cursor=found.next_cursor,
        known_position=found.known,
        as_of_position=found.as_of.position,
        lag_seconds=found.as_of.lag_seconds,
    )


class PostingResponse(msgspec.Struct, rename="camel"):
    """One line of an entry: debit positive."""

    account: str
    name: str
    booking: str
    amount: int
    currency: str


class EntryResponse(msgspec.Struct, rename="camel"):
    """An entry and where it comes from: `event` in `stream`, and objects at Stripe and tickets."""

    position: int
    event: str
    kind: str
    stream: str
    version: int
    effective_on: dt.date
    recorded_at: dt.datetime
    rule: str
    rule_version: int
    references: list[str]
    postings: list[PostingResponse]


class JournalResponse(KnownResponse):
    """Entries in the order of the log."""

    entries: list[EntryResponse]
    next_cursor: str | None


def journal(found: JournalPage) -> JournalResponse:
    """Return a page of the journal as JSON."""
    return JournalResponse(
        entries=[_entry(each) for each in found.entries],
        next_cursor=found.next_cursor,
        known_position=found.known,
        as_of_position=found.as_of.position,
        lag_seconds=found.as_of.lag_seconds,
    )


def _entry(entry: JournalEntry) -> EntryResponse:
    return EntryResponse(
        position=entry.position,
        event=entry.event,
        kind=entry.kind,
        stream=entry.stream,
        version=entry.version,
        effective_on=entry.effective_on,
        recorded_at=entry.recorded_at,
        rule=entry.rule,
        rule_version=entry.rule_version,
        references=list(entry.references),
        postings=[
            PostingResponse(
                each.account,
                read_ledger.name_of(each.account),
                each.booking,
                each.amount,
                each.currency,
            )
            for each in entry.postings
        ],
    )
