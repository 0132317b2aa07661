"""What the queries of the ledger need from outside."""

import msgspec

from application.commands.bus import CommandBus
from application.ledger.books import Books
from application.queries import (
    ExternalRefunds,
    FailedRefunds,
    FindExternalRefund,
    ListBookings,
    OpenClaims,
    OwedBalances,
    ProposedPayouts,
    UnappliedFunds,
    UnconfirmedPayments,
    UndecidedDisputes,
    UnfinishedAttempts,
    UnfinishedRefunds,
)


class LedgerPorts(msgspec.Struct, frozen=True):
    """The queries of the read models `ledger_journal`, `coupon_values`, `unfinished_refunds`,
    `external_refunds`, `unfinished_attempts`, `signed_captures`, `open_claims`, `disputes`
    and `credits`, and the command bus.
    """

    books: Books
    bus: CommandBus
    list_bookings: ListBookings
    unapplied_funds: UnappliedFunds
    owed_balances: OwedBalances
    unfinished_refunds: UnfinishedRefunds
    failed_refunds: FailedRefunds
    external_refunds: ExternalRefunds
    find_external_refund: FindExternalRefund
    unfinished_attempts: UnfinishedAttempts
    unconfirmed_payments: UnconfirmedPayments
    open_claims: OpenClaims
    undecided_disputes: UndecidedDisputes
    proposed_payouts: ProposedPayouts
