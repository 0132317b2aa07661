"""What the travellers of `bench load` do, and what they measured: read by both processes.

Locust replaces Python's sockets and threads in its process, so that only structs are shared.
"""

import itertools
from collections.abc import Sequence

import msgspec

# Minutes of the customer's load test, and the users at the end of each: up, steady, up, steady,
# down.
STAGES = ((2.0, 50), (5.0, 50), (2.0, 100), (5.0, 100), (2.0, 0))
MINUTES = sum(minutes for minutes, _ in STAGES)
TOTAL = "all"


class Stage(msgspec.Struct, frozen=True):
    """The number of users goes in a straight line to `users` within `seconds`."""

    seconds: float
    users: int


class LoadTestPlan(msgspec.Struct, frozen=True):
    """Travellers use `ports` in turn, accounts likewise; `think_seconds` lie between two steps.

    The day is searched for flights from RUH to JED. Without `tokens`, one for each account, every
    user signs in by itself.
    """

    ports: list[int]
    stages: list[Stage]
    accounts: list[str]
    password: str
    day: str
    think_seconds: tuple[float, float]
    search_only: bool = False
    tokens: list[str] = []
    progress_seconds: float = 5.0


class Step(msgspec.Struct, frozen=True):
    """Requests of one step, how many failed, milliseconds, and requests per second."""

    name: str
    requests: int
    failures: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    rate: float


class LoadTestResult(msgspec.Struct, frozen=True):
    """Every step and, last, all together; failures by step and code of the error."""

    steps: list[Step]
    errors: dict[str, int]

    @property
    def total(self) -> Step:
        """All requests together."""
        return self.steps[-1]

    @property
    def error_share(self) -> float:
        """Failed requests for one request."""
        return self.total.failures / max(1, self.total.requests)


def customer_stages(minutes: float) -> list[Stage]:
    """Return the stages of the customer's test, scaled to so many minutes."""
    scale = minutes / MINUTES * 60
    return [Stage(length * scale, users) for length, users in STAGES]


def users_at(stages: Sequence[Stage], seconds: float) -> int | None:
    """Return how many users there are after so many seconds; None after the last stage."""
    starts = [0, *(stage.users for stage in stages)]
    ends = itertools.accumulate(stage.seconds for stage in stages)
    for before, stage, end in zip(starts, stages, ends, strict=False):
        if seconds < end:
            part = 1 - (end - seconds) / stage.seconds
            return max(1, round(before + (stage.users - before) * part))
    return None
