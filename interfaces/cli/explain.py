"""`ais explain`: the whole story of a booking, for staff at the shell."""

import sys
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import msgspec
import uvloop
from cyclopts import Parameter

from application.audit.explain_booking import BookingStory, StoryEvent, explain_booking
from application.audit.ports import BookingTask
from application.ports import Unavailable
from domain.kernel import money
from domain.kernel.rejections import Rejection
from infrastructure.postgres.pool import make_pool
from infrastructure.sealing import master_key
from interfaces import audit_composition
from interfaces.cli import running

ACTOR = "operator"
AsJson = Annotated[bool, Parameter(name="--json", negative=())]


def explain(reference: str, /, *, personal: str | None = None, as_json: AsJson = False) -> int:
    """Show events, entries, objects at Stripe, webhooks, letters and tasks of a booking.

    Tasks and webhooks are shown as long as retention keeps them. Exit codes: 0 done, 1 for an
    unknown booking or when the database does not answer, 2 for a wrong call. Configured by AIS_*.

    Parameters
    ----------
    reference
        The reference of the booking, or its id.
    personal
        Show personal data, too: the ticket that asks for it, such as INC-7, which is recorded as a
        sensitive action.
    as_json
        Print one JSON document, with the fields of every event.
    """
    try:
        story = uvloop.run(_story(reference, personal))
    except Rejection as refused:
        print(f"ais explain: {refused.code} {dict(refused.parameters)}", file=sys.stderr)
        return running.USAGE_EXIT if refused.code == "VALIDATION_ERROR" else 1
    except Unavailable as error:
        print(f"ais explain: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(story), indent=2).decode())
        return 0
    for line in lines_of(story):
        print(line)
    return 0


async def _story(reference: str, ticket: str | None) -> BookingStory:
    settings = running.configured()
    pool = make_pool(settings.database_url, max_size=1)
    await pool.open()
    try:
        keys = master_key.parse(settings.master_key.reveal())
        ports = audit_composition.story_on(pool, keys)
        return await explain_booking(ports, reference, actor=ACTOR, ticket=ticket)
    finally:
        await pool.close()


def lines_of(story: BookingStory) -> Iterator[str]:
    """Return the story as lines, a part below a heading each; times in UTC."""
    yield story.booking
    yield f"\nevents ({len(story.events)})"
    for event in story.events:
        yield from _event_lines(event, opened=story.is_opened)
    if story.archived:
        positions = ", ".join(map(str, story.archived))
        yield f"  {len(story.archived)} more are in archives of the log only, at {positions}"
    yield f"\nentries ({len(story.entries)})"
    for entry in story.entries:
        references = " ".join(entry.references)
        yield f"  {entry.position:>7} {entry.effective_on} {entry.rule} {references}".rstrip()
        for line in entry.postings:
            amount = money.display(money.Money(line.amount, line.currency))
            yield f"          {line.account:<8} {amount:>16}  {line.booking}"
    yield f"\nobjects at Stripe ({len(story.stripe_objects)})"
    for each in story.stripe_objects:
        yield f"  {each}"
    yield f"\nwebhooks ({len(story.webhooks)})"
    for hook in story.webhooks:
        reason = f" {hook.reason}" if hook.reason else ""
        yield f"  {_at(hook.received_at)} {hook.id} {hook.type} {hook.object}: {hook.state}{reason}"
    for heading, tasks in (("letters", story.letters), ("tasks", story.tasks)):
        yield f"\n{heading} ({len(tasks)})"
        for task in tasks:
            yield f"  {_at(task.created_at)} {task.topic}: {_state(task)}"


def _event_lines(event: StoryEvent, *, opened: bool) -> Iterator[str]:
    yield (
        f"  {event.position:>7} {event.recorded_at[:19]} {event.stream} {event.tag}"
        f" by {event.actor} in {event.correlation_id}"
    )
    shown = event.data if opened else {"reason": event.data.get("reason")}
    for name, value in shown.items():
        if value not in (None, [], {}, ""):
            yield f"          {name}: {_text(value)}"


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    shown: Mapping[str, Any] | Any = value
    return msgspec.json.encode(shown).decode()


def _at(instant: Any) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%S}"


def _state(task: BookingTask) -> str:
    if task.failed_at is not None:
        return f"failed for good {_at(task.failed_at)}"
    return "waits" if task.sent_at is None else f"sent {_at(task.sent_at)}"
