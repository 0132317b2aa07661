"""What the queries of the ledger need from outside."""

import msgspec

from application.queries import FailedRefunds, TrialBalance, UnappliedFunds


class LedgerPorts(msgspec.Struct, frozen=True):
    """The queries of the read models `ledger_journal` and `unfinished_refunds`."""

    trial_balance: TrialBalance
    unapplied_funds: UnappliedFunds
    failed_refunds: FailedRefunds
