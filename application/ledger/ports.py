"""What the queries of the ledger need from outside."""

import msgspec

from application.queries import (
    FailedRefunds,
    OwedBalances,
    TrialBalance,
    UnappliedFunds,
    UnfinishedAttempts,
    UnfinishedRefunds,
)


class LedgerPorts(msgspec.Struct, frozen=True):
    """The queries of the read models `ledger_journal`, `unfinished_refunds` and
    `unfinished_attempts`.
    """

    trial_balance: TrialBalance
    unapplied_funds: UnappliedFunds
    owed_balances: OwedBalances
    unfinished_refunds: UnfinishedRefunds
    failed_refunds: FailedRefunds
    unfinished_attempts: UnfinishedAttempts
