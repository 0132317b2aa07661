"""The one list of read models: each with its projector and the checker that compares it."""

from collections.abc import Callable, Iterator

import msgspec

from projections import reading
from projections.account_changes import checker as account_changes_checker
from projections.account_changes import projector as account_changes
from projections.booking_list import checker as booking_list_checker
from projections.booking_list import projector as booking_list
from projections.coupon_values import checker as coupon_values_checker
from projections.coupon_values import projector as coupon_values
from projections.credits import checker as credits_checker
from projections.credits import projector as credits
from projections.disputes import checker as disputes_checker
from projections.disputes import projector as disputes
from projections.external_refunds import checker as external_refunds_checker
from projections.external_refunds import projector as external_refunds
from projections.flight_availability import checker as flight_availability_checker
from projections.flight_availability import projector as flight_availability
from projections.ledger_journal import checker as ledger_journal_checker
from projections.ledger_journal import projector as ledger_journal
from projections.open_claims import checker as open_claims_checker
from projections.open_claims import projector as open_claims
from projections.projection import Cursor, Projection
from projections.signed_captures import checker as signed_captures_checker
from projections.signed_captures import projector as signed_captures
from projections.stripe_settlement import checker as stripe_settlement_checker
from projections.stripe_settlement import projector as stripe_settlement
from projections.tax_documents import checker as tax_documents_checker
from projections.tax_documents import projector as tax_documents
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
    ReadModel(account_changes.PROJECTION, account_changes_checker.differences),
    ReadModel(ledger_journal.PROJECTION, ledger_journal_checker.differences),
    ReadModel(coupon_values.PROJECTION, coupon_values_checker.differences),
    ReadModel(unfinished_attempts.PROJECTION, unfinished_attempts_checker.differences),
    ReadModel(unfinished_refunds.PROJECTION, unfinished_refunds_checker.differences),
    ReadModel(external_refunds.PROJECTION, external_refunds_checker.differences),
    ReadModel(open_claims.PROJECTION, open_claims_checker.differences),
    ReadModel(credits.PROJECTION, credits_checker.differences),
    ReadModel(signed_captures.PROJECTION, signed_captures_checker.differences),
    ReadModel(stripe_settlement.PROJECTION, stripe_settlement_checker.differences),
    ReadModel(disputes.PROJECTION, disputes_checker.differences),
    ReadModel(tax_documents.PROJECTION, tax_documents_checker.differences),
)

ALL: dict[str, Projection] = {each.projection.name: each.projection for each in READ_MODELS}
CHECKERS: dict[str, Checker] = {each.projection.name: each.checker for each in READ_MODELS}
