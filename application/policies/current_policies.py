"""The policy book as a process remembers it for searches and quotes, without asking each time.

A version takes effect no sooner than LEAST_LEAD after it was approved, and a process reads the book
again within half of that: so it knows each version before it is in force, and none that it shows or
quotes is out of force. What a booking decides without a quote is read in the decision.
"""

import datetime as dt

from application.commands.bus import CommandBus
from application.policies.fee_terms import FeeTerms, terms_of_versions, versions_in_force
from application.policies.read_book import read_book
from application.ports import Clock, Unavailable
from domain.booking.values import LAUNCH_FEES, FeeVersions
from domain.policies.book import PolicyBook, Value
from domain.policies.publication import LEAST_LEAD
from domain.policies.scope import Sale

# One read for so long, and as long again while the database does not answer.
REMEMBERED_FOR = LEAST_LEAD / 4
AT_MOST_FOR = LEAST_LEAD / 2
# Sales of different kinds whose terms are remembered: routes, cabins, classes and currencies.
SALES_REMEMBERED = 10_000


class PoliciesInForce:
    """The book at an instant; the same object until another version takes effect.

    Answers made of it can be remembered by it: it is equal to itself only.
    """

    def __init__(self, book: PolicyBook, *, at: dt.datetime) -> None:
        self.book = book
        self._at = at
        self._until = book.next_change(after=at)
        self._terms: dict[Sale, FeeTerms] = {}

    def is_of(self, book: PolicyBook, *, at: dt.datetime) -> bool:
        """Whether it is what the book says at this instant."""
        return book is self.book and self._at <= at and (self._until is None or at < self._until)

    def value(self, kind: type[Value], sale: Sale) -> Value:
        """Return what the policy of such values says for a sale of now."""
        return self.book.value_in_force(kind, sale, at=self._at)

    def terms(self, sale: Sale) -> FeeTerms:
        """Return what cancelling and changing costs if it is sold now."""
        found = self._terms.get(sale)
        if found is None:
            versions = versions_in_force(self.book, sale, at=self._at)
            known = versions if isinstance(versions, FeeVersions) else LAUNCH_FEES
            found = terms_of_versions(self.book, known)
            if len(self._terms) < SALES_REMEMBERED:
                self._terms[sale] = found
        return found


class CurrentPolicies:
    """Reads the book when what is remembered has become too old."""

    def __init__(self, bus: CommandBus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self._book: PolicyBook | None = None
        self._read_at = dt.datetime.min.replace(tzinfo=dt.UTC)
        self._tried_at = self._read_at
        self._in_force: PoliciesInForce | None = None

    async def in_force(self) -> PoliciesInForce:
        """Return what is in force now; raises Unavailable where that cannot be known."""
        now = self._clock()
        book = await self._current(now)
        if self._in_force is None or not self._in_force.is_of(book, at=now):
            self._in_force = PoliciesInForce(book, at=now)
        return self._in_force

    async def _current(self, now: dt.datetime) -> PolicyBook:
        """Return the remembered book, or read it; one caller reads while others go on."""
        known = self._book
        is_known = known is not None and abs(now - self._read_at) <= AT_MOST_FOR
        if known is not None and is_known and abs(now - self._tried_at) <= REMEMBERED_FOR:
            return known
        self._tried_at = now
        try:
            found = await read_book(self._bus)
        except Unavailable:
            if known is not None and is_known:
                return known
            raise
        # A slower read that began earlier does not replace a later one.
        if self._book is None or now >= self._read_at:
            self._book, self._read_at = known if found == known else found, now
        assert self._book is not None
        return self._book
