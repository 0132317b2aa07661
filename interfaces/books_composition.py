"""Builds the queries of the books, for the web role and for `ais ledger`."""

from application.ledger.books import Books
from infrastructure.postgres.pool import Pool
from interfaces.composition import utc_now
from interfaces.read_composition import Reads
from projections import progress
from projections.coupon_values import queries as coupon_values
from projections.ledger_journal import as_of, entry_list, vat_return
from projections.ledger_journal import queries as ledger_journal


def books_on(pool: Pool) -> Books:
    """Return the queries of the books on this pool."""
    return books_of(Reads(pool))


def books_of(reads: Reads) -> Books:
    """Return the queries of the books, for those who decide nothing by them."""
    return Books(
        journal_as_of=reads.may_lag(ledger_journal.position),
        coupons_as_of=reads.may_lag(coupon_values.position),
        position_at=reads.current(progress.position_at),
        balances_at=reads.may_lag(as_of.balances_at),
        statement_lines=reads.may_lag(as_of.statement_lines),
        find_entries=reads.may_lag(entry_list.find_entries),
        entries_by_day=reads.may_lag(entry_list.entries_by_day),
        supplies_in=reads.may_lag(vat_return.supplies_in),
        deferred_revenue=reads.may_lag(coupon_values.deferred_revenue),
        airport_charges=reads.may_lag(coupon_values.airport_charges),
        charges_in=reads.may_lag(coupon_values.charges_in),
        open_items=reads.may_lag(ledger_journal.open_items),
        clock=utc_now,
    )
