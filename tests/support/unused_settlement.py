"""The part of stored events that reads what Stripe settled, for tests that have none of these."""

from application.commands import follow_up


class UnusedSettlement:
    """`SettlementReader` that no event of the test reaches."""

    async def learn_payout(self, payout: str, *, cause: follow_up.Cause) -> None:
        raise AssertionError(f"no event is about {payout}")

    async def learn_transactions(self) -> None:
        raise AssertionError("no event is about a transaction")
