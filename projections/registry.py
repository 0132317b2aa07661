"""The one list of read models: each with its projector and the checker that compares it."""

from collections.abc import Callable, Iterator

import msgspec

from projections import reading
from projections.booking_list import checker as booking_list_checker
from projections.booking_list import projector as booking_list
from projections.flight_availability import checker as flight_availability_checker
from projections.flight_availability import projector as flight_availability
from projections.ledger_journal import checker as ledger_journal_checker
from projections.ledger_journal import projector as ledger_journal
from projections.projection import Cursor, Projection
from projections.signed_captures import checker as signed_captures_checker
from projections.signed_captures import projector as signed_captures
from projections.unfinished_attempts import checker as unfinished_attempts_checker
from projections.unfinished_attempts import projector as unfinished_attempts
from projections.unfinished_refunds import checker as unfinished_refunds_checker
from projections.unfinished_refunds import projector as unfinished_refunds

Checker = Callable[[Cursor, reading.Log], Iterator[str]]
"""Returns in words how the tables of a generation differ from the log."""


class ReadModel(msgspec.Struct, frozen=True):
    """A read model as the runner, `ais rebuild` and `ais check` use it."""

    projection: Projection
    checker: Checker


READ_MODELS = (
    ReadModel(flight_availability.PROJECTION, flight_availability_checker.differences),
    ReadModel(booking_list.PROJECTION, booking_list_checker.differences),
    ReadModel(ledger_journal.PROJECTION, ledger_journal_checker.differences),
    ReadModel(unfinished_attempts.PROJECTION, unfinished_attempts_checker.differences),
    ReadModel(unfinished_refunds.PROJECTION, unfinished_refunds_checker.differences),
    ReadModel(signed_captures.PROJECTION, signed_captures_checker.differences),
)

ALL: dict[str, Projection] = {each.projection.name: each.projection for each in READ_MODELS}
CHECKERS: dict[str, Checker] = {each.projection.name: each.checker for each in READ_MODELS}
