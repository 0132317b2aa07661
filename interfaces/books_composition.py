"""Builds the queries of the books, for the web role and for `ais ledger`."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar

from application.ledger.books import Books
from infrastructure.postgres.pool import Pool, raising_unavailable
from interfaces.composition import utc_now
from projections import progress
from projections.coupon_values import queries as coupon_values
from projections.ledger_journal import as_of, entry_list, vat_return
from projections.ledger_journal import queries as ledger_journal

Parameters = ParamSpec("Parameters")
Found = TypeVar("Found")


def asking(
    pool: Pool, query: Callable[Concatenate[Pool, Parameters], Awaitable[Found]]
) -> Callable[Parameters, Coroutine[Any, Any, Found]]:
    """Return the query of a read model on this pool; it raises Unavailable without a database."""

    async def ask(*args: Parameters.args, **named: Parameters.kwargs) -> Found:
        async with raising_unavailable():
            return await query(pool, *args, **named)

    return ask


def books_on(pool: Pool) -> Books:
    """Return the queries of the books on this pool."""
    return Books(
        journal_as_of=asking(pool, ledger_journal.position),
        coupons_as_of=asking(pool, coupon_values.position),
        position_at=asking(pool, progress.position_at),
        balances_at=asking(pool, as_of.balances_at),
        statement_lines=asking(pool, as_of.statement_lines),
        find_entries=asking(pool, entry_list.find_entries),
        entries_by_day=asking(pool, entry_list.entries_by_day),
        supplies_in=asking(pool, vat_return.supplies_in),
        deferred_revenue=asking(pool, coupon_values.deferred_revenue),
        airport_charges=asking(pool, coupon_values.airport_charges),
        open_items=asking(pool, ledger_journal.open_items),
        clock=utc_now,
    )
