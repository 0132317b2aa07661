"""The money of the account beside its objects: what is available, what is paid out, what is due."""

import heapq
from collections.abc import Iterator

import msgspec

from infrastructure.stripe_simulator.configuration import Json


class Due(msgspec.Struct, frozen=True, order=True, array_like=True):
    """A step of the `agenda` for one object, from a second of the account's clock on."""

    at: int
    step: str
    id: str


class Waiting(msgspec.Struct, frozen=True, order=True, array_like=True):
    """The net amount of a transaction until its day."""

    available_on: int
    id: str
    currency: str
    net: int


class Funds(msgspec.Struct):
    """Net amounts by settlement currency; `waiting` is a heap by the day of availability.

    They are summed as money moves, so they stay right when the shelf drops an old transaction.
    """

    available: dict[str, int] = msgspec.field(default_factory=dict)
    pending: dict[str, int] = msgspec.field(default_factory=dict)
    waiting: list[Waiting] = msgspec.field(default_factory=list)

    def add(self, transaction: Json) -> None:
        """Count a new balance transaction, as available or pending."""
        currency, net = transaction["currency"], transaction["net"]
        for sums in (self.available, self.pending):
            sums.setdefault(currency, 0)
        if transaction["status"] == "available":
            self.available[currency] += net
            return
        self.pending[currency] += net
        waiting = Waiting(transaction["available_on"], transaction["id"], currency, net)
        heapq.heappush(self.waiting, waiting)

    def change(self, transaction: Json, net: int) -> None:
        """Let a transaction that was counted have moved so much net."""
        currency, change = transaction["currency"], net - transaction["net"]
        if transaction["status"] == "available":
            self.available[currency] += change
            return
        self.pending[currency] += change
        self.waiting = [
            Waiting(each.available_on, each.id, currency, net)
            if each.id == transaction["id"]
            else each
            for each in self.waiting
        ]
        heapq.heapify(self.waiting)

    def come_due(self, now: int) -> Iterator[str]:
        """Make pending funds available whose day has come; return their transactions."""
        while self.waiting and self.waiting[0].available_on <= now:
            due = heapq.heappop(self.waiting)
            self.pending[due.currency] -= due.net
            self.available[due.currency] += due.net
            yield due.id


class Money(msgspec.Struct):
    """Part of the account's snapshot.

    `paid_out` has the payout of each transaction, `waiting_refunds` the refunds that wait for the
    balance, oldest first; `agenda` is a heap; `paid_out_until` is the last midnight with a payout.
    """

    funds: Funds = msgspec.field(default_factory=Funds)
    paid_out: dict[str, str] = msgspec.field(default_factory=dict)
    waiting_refunds: list[str] = msgspec.field(default_factory=list)
    agenda: list[Due] = msgspec.field(default_factory=list)
    paid_out_until: int = 0
