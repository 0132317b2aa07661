"""Carry out an erasure in three steps, each of which may be repeated: after a crash the timer goes
on where it ended.

First the account is closed: nobody signs in, all sessions end, the address is free again. Then,
once what was under way has ended and the read models contain it, the keys are destroyed with the
second factor and all mailed links of the account, after the letters that are kept as files. Last
an event records it in the log, without personal data. Before each of the first two steps nothing
may be open; what a request in flight has begun meanwhile is waited for.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import ClassVar

import msgspec

from application import ports as kernel_ports
from application.commands import follow_up, stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.privacy.open_matters import open_matters
from application.privacy.person import (
    BookingFile,
    History,
    Person,
    booking_file,
    boxes_in,
    credit_streams,
    find_person,
    needed_elsewhere,
)
from application.privacy.ports import Erasure, PrivacyPorts
from application.privacy.stripe_event_search import stripe_events_about
from domain.kernel import ids
from domain.kernel.sealed import Sealed
from domain.privacy import erasures
from domain.privacy.events import ErasureCompleted

# The longest that a request takes, and a margin for the clocks of our processes.
SETTLE_TIME = dt.timedelta(seconds=15)


class CarryOutErasure(kernel_ports.BackgroundTask, frozen=True):
    """Do the next steps of this erasure."""

    topic: ClassVar[str] = "carry_out_erasure"

    erasure_id: str


async def carry_out_erasure(ports: PrivacyPorts, erasure_id: str) -> Erasure | None:
    """Do what can be done now and return the erasure after it; None where it was withdrawn.

    Raises Unavailable.
    """
    erasure = await ports.erasures.find(erasure_id)
    if erasure is None or erasure.step == "reported":
        return erasure
    person = await find_person(ports, erasure.person)
    assert person is not None, "it was found when the erasure was requested"
    if erasure.step == "waiting":
        if await open_matters(ports, person):
            return erasure
        await ports.erasures.close_account(erasure_id)
    elif erasure.step == "closed":
        if not _is_settled(ports, erasure, person) or await open_matters(ports, person):
            return erasure
        await _destroy_keys(ports, erasure, person)
    erasure = await ports.erasures.find(erasure_id)
    if erasure is not None and erasure.step == "erased":
        await _report(ports, erasure, person)
        erasure = await ports.erasures.find(erasure_id)
    return erasure


def _is_settled(ports: PrivacyPorts, erasure: Erasure, person: Person) -> bool:
    """Whether the read models contain all that the account did before it was closed."""
    assert erasure.closed_at is not None
    lag = dt.timedelta(seconds=person.as_of.lag_seconds if person.as_of else 0.0)
    return erasure.closed_at + SETTLE_TIME < ports.clock() - lag


async def _destroy_keys(ports: PrivacyPorts, erasure: Erasure, person: Person) -> None:
    files = [await booking_file(ports, each) for each in person.bookings]
    streams: dict[str, History] = {}
    for file in files:
        streams |= file.streams()
    for credit_id in person.credits:
        streams |= await credit_streams(ports, credit_id)
    boxes = {box for history in streams.values() for box in _boxes_of(history)}
    subjects = {box.subject for box in boxes}
    subjects -= await needed_elsewhere(ports, files, within=frozenset(person.bookings))
    if erasure.reason == "request":
        subjects -= _buyers_of_invoices(files)
    if person.account is not None:
        subjects.add(person.account.email.subject)
        boxes.add(person.account.email)
        boxes.update(await ports.accounts.mailed_addresses(person.account.id))
    addresses = _addresses(
        await ports.vault.open_all([each for each in boxes if each.subject in subjects])
    )
    await ports.mailbox.remove_letters_to(addresses)
    await ports.erasures.destroy_keys(
        erasure.id,
        subjects=sorted(subjects),
        stripe_events=await stripe_events_about(ports, list(streams), list(streams.values())),
    )
    ports.forget_keys(sorted(subjects))


def _buyers_of_invoices(files: Sequence[BookingFile]) -> set[str]:
    """Return the keys of businesses that only tax documents name: the law has them kept (GDPR art.
    17(3)(b)), until the period of the booking is over.
    """
    found: set[str] = set()
    for file in files:
        others = (file.history, *file.claims.values(), *file.payments.values())
        elsewhere = {box.subject for history in others for box in _boxes_of(history)}
        found |= {box.subject for box in _boxes_of(file.tax_documents)} - elsewhere
    return found


def _boxes_of(history: History) -> Iterator[Sealed]:
    for each in history:
        yield from boxes_in(each.event)


def _addresses(texts: list[bytes | None]) -> list[str]:
    """Return the e-mail addresses: an account's is sealed by itself, others in a contact."""
    found: set[str] = set()
    for text in texts:
        if text is None:
            continue
        try:
            value = msgspec.json.decode(text)
        except msgspec.DecodeError:
            value = text.decode()
        pending = [value]
        while pending:
            node = pending.pop()
            if isinstance(node, dict):
                pending += node.values()
            elif isinstance(node, list):
                pending += node
            elif isinstance(node, str) and "@" in node and " " not in node:
                found.add(node)
    return sorted(found)


async def _report(ports: PrivacyPorts, erasure: Erasure, person: Person) -> None:
    assert erasure.key_count is not None
    completed = ErasureCompleted(
        reason=erasure.reason,
        key_count=erasure.key_count,
        bookings=person.bookings,
        credits=person.credits,
        account=None if person.account is None else person.account.id,
    )
    stream = erasures.stream_of(erasure.id)
    cause = follow_up.Cause(
        id=ids.step_command_id(ids.event_id(stream, 1), "erasure"),
        actor=follow_up.ACTOR,
        correlation_id=erasure.id,
    )
    command = RecordErasure(stream, completed)
    await ports.bus.submit(follow_up.envelope(cause, "record", command))
    await ports.erasures.report(erasure.id)


class RecordErasure(Command, frozen=True):
    """`completed` is the event for the stream of the erasure; the keys are gone."""

    erasure: str
    completed: ErasureCompleted

    @property
    def streams(self) -> tuple[str, ...]:
        """The stream of the erasure."""
        return (self.erasure,)

    def decide(self, context: DecisionContext) -> Reply:
        """Records the event once."""
        known = context.load(stream_kinds.ERASURE, self.erasure)
        context.record(self.erasure, erasures.complete(known, completed=self.completed))
        return Reply(self.erasure)
