"""Stripe's balance compared with account 1010: recorded once a day, and again when it changes."""

from domain.settlement.events import BalanceCompared
from domain.settlement.state import Clearing, ComparedBalance


def compare(
    clearing: Clearing | None, balances: tuple[ComparedBalance, ...]
) -> list[BalanceCompared]:
    """Record the comparison; the same figures again on the same day record nothing."""
    if clearing is not None and clearing.balances == balances:
        return []
    return [BalanceCompared(balances=balances)]


def evolve(clearing: Clearing | None, event: BalanceCompared) -> Clearing:  # noqa: ARG001 - a fold
    """The clearing account after the event."""
    return Clearing(balances=event.balances)
