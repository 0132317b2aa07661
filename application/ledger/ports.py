"""What the queries of the ledger need from outside."""

import msgspec

from application.queries import (
    FailedRefunds,
    OwedBalances,
    TrialBalance,
    UnappliedFunds,
    UnconfirmedPayments,
    UnfinishedAttempts,
    UnfinishedRefunds,
)


class LedgerPorts(msgspec.Struct, frozen=True):
    """The queries of the read models `ledger_journal`, `unfinished_refunds`,
    `unfinished_attempts` and `signed_captures`.
    """

    trial_balance: TrialBalance
    unapplied_funds: UnappliedFunds
    owed_balances: OwedBalances
    unfinished_refunds: UnfinishedRefunds
    failed_refunds: FailedRefunds
    unfinished_attempts: UnfinishedAttempts
    unconfirmed_payments: UnconfirmedPayments
