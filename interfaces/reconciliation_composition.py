"""Builds what reconciliation needs, for the web role, the timer and `ais reconcile`."""

import datetime as dt
import functools

from application.commands.bus import CommandBus
from application.payment.process_event import process_event
from application.reconciliation.ports import ReconciliationPorts
from infrastructure.bank_files.statement import read_statement
from infrastructure.postgres.reconciliation_runs import PostgresRunLog
from interfaces import books_composition
from interfaces.composition import Core, utc_now
from interfaces.read_composition import asking
from projections.unfinished_attempts import queries as unfinished_attempts

# How long after its end a payment still waits for the completer before it is a stale hold.
STALE_AFTER = dt.timedelta(hours=2)


def reconciliation_on(core: Core, bus: CommandBus) -> ReconciliationPorts:
    """Return the ports over this core and bus."""
    attempts = asking(core.pool, unfinished_attempts.overdue)
    return ReconciliationPorts(
        bus=bus,
        books=books_composition.books_on(core.pool),
        stripe=core.settlement.stripe,
        unfinished_attempts=lambda: attempts(before=utc_now() - STALE_AFTER),
        process_event=functools.partial(
            process_event,
            collector=core.collector,
            refunder=core.refunder,
            settlement=core.settlement.hints,
            disputes=core.disputes,
        ),
        record_transactions=core.settlement.follower.record_all,
        read_statement=read_statement,
        runs=PostgresRunLog(core.pool),
        clock=utc_now,
    )
