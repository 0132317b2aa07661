"""What the queries of the ledger need, handed over by the composition."""

import msgspec

from application.queries import TrialBalance, UnappliedFunds


class LedgerPorts(msgspec.Struct, frozen=True):
    """The queries of the read model `ledger_journal`."""

    trial_balance: TrialBalance
    unapplied_funds: UnappliedFunds
