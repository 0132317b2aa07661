"""The work under way: its correlation id, and the spans that a traced piece of work leaves.

The id comes with a request, is part of every event that follows from it, and travels with the tasks
of the outbox. It names the trace, too. How spans are kept is decided at the start of the process:
`install` takes what `infrastructure/telemetry` makes; without it nothing is traced. Work that is
not traced costs a look at one variable.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, Literal, Protocol

import msgspec

Fact = str | int | float | bool
Kind = Literal["request", "task", "event", "projection"]

# The member of a task's body, beside those of the task, that says where the task comes from.
ORIGIN = "_origin"


class Work(msgspec.Struct, frozen=True):
    """What is under way; `traceparent` (W3C Trace Context) is that of its innermost span so far."""

    correlation_id: str
    is_traced: bool = False
    traceparent: str = ""


class Origin(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a background task comes from, as outbox and queue store it.

    Without `traceparent` the work that enqueued it was not traced.
    """

    correlation_id: str
    traceparent: str = ""


class Span(Protocol):
    """A step of traced work that has begun."""

    @property
    def traceparent(self) -> str:
        """The span as the parent of others."""
        ...

    def note(self, **facts: Fact) -> None:
        """Add facts: ids, codes and numbers, never personal data."""
        ...

    def end(self, error: BaseException | None = None) -> None:
        """End it; of an error only the type is kept."""
        ...


class Tracer(Protocol):
    """Keeps spans."""

    def admits(self, kind: Kind) -> bool:
        """Return whether one more piece of work of this kind may be traced now."""
        ...

    def start(
        self, name: str, work: Work, facts: Mapping[str, Fact], began_ns: int | None = None
    ) -> Span:
        """Begin a span of this work now, or at a time since 1970."""
        ...


_work: ContextVar[Work | None] = ContextVar("work", default=None)
_tracer: Tracer | None = None
_reporter: Callable[[BaseException], None] | None = None


def install(tracer: Tracer | None) -> None:
    """Keep spans with this tracer from now on; None keeps none."""
    global _tracer
    _tracer = tracer


def install_reporter(report: Callable[[BaseException], None] | None) -> None:
    """Report bugs with this function from now on; None reports none."""
    global _reporter
    _reporter = report


def report(error: BaseException) -> None:
    """Report a bug; what it says stays in this process, types and frames leave."""
    if _reporter is not None:
        _reporter(error)


def current() -> Work | None:
    """Return the work under way in this task or thread."""
    return _work.get()


def admits(kind: Kind) -> bool:
    """Return whether one more piece of work of this kind may be traced now."""
    return _tracer is not None and _tracer.admits(kind)


def past_step(name: str, correlation_ids: Sequence[str], *, began_ns: int, **facts: Fact) -> None:
    """Keep a step that ends now and was of several requests, in the trace of each."""
    if _tracer is None:
        return
    for correlation_id in correlation_ids:
        _tracer.start(name, Work(correlation_id, True), facts, began_ns).end()


def begun(correlation_id: str, kind: Kind) -> Work:
    """Return new work under this id; whether it is traced is decided here."""
    return Work(correlation_id, _tracer is not None and _tracer.admits(kind))


def continued_as(correlation_id: str) -> Work:
    """Return what is under way under another id, such as that of a webhook: traced as it is."""
    work = _work.get()
    return Work(correlation_id, work is not None and work.is_traced)


def origin_of(correlation_id: str, work: Work | None) -> Origin:
    """Return the origin of tasks enqueued under this id, while this work was under way."""
    if work is None or work.correlation_id != correlation_id:
        return Origin(correlation_id)
    return Origin(correlation_id, work.traceparent)


def resumed(body: Mapping[str, Any]) -> Work | None:
    """Return the work that a task's body continues; None where it does not say."""
    try:
        origin = msgspec.convert(body.get(ORIGIN), Origin)
    except msgspec.ValidationError:
        return None
    is_traced = bool(origin.traceparent) and _tracer is not None
    return Work(origin.correlation_id, is_traced, origin.traceparent)


class carrying:  # noqa: N801 - reads as the statement that it is
    """`with carrying(work)`: this is the work under way, None where there is no known one."""

    __slots__ = ("_before", "_work")
    _before: Token[Work | None]

    def __init__(self, work: Work | None) -> None:
        self._work = work

    def __enter__(self) -> None:
        self._before = _work.set(self._work)

    def __exit__(self, *_: object) -> None:
        _work.reset(self._before)


class span:  # noqa: N801 - as above
    """`with span("name", fact=1) as step`: a step of the work under way, where that is traced.

    `step` is None where it is not. An exception that passes is noted by its type.
    """

    __slots__ = ("_before", "_facts", "_name", "_span")
    _before: Token[Work | None]

    def __init__(self, name: str, **facts: Fact) -> None:
        self._name = name
        self._facts = facts
        self._span: Span | None = None

    def __enter__(self) -> Span | None:
        work = _work.get()
        if work is None or not work.is_traced or _tracer is None:
            return None
        self._span = _tracer.start(self._name, work, self._facts)
        self._before = _work.set(Work(work.correlation_id, True, self._span.traceparent))
        return self._span

    def __exit__(
        self,
        _type: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self._span is not None:
            self._span.end(error)
            _work.reset(self._before)


@contextmanager
def shared_step(name: str, works: Sequence[Work], **facts: Fact) -> Iterator[None]:
    """One step that several pieces of work share: a span in the trace of each."""
    spans = [] if _tracer is None else [_tracer.start(name, work, facts) for work in works]
    try:
        yield
    except BaseException as error:
        for each in spans:
            each.end(error)
        raise
    for each in spans:
        each.end()
