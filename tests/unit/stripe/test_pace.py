"""Requests to Stripe stay below the limits in every second, and the most urgent go first."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.payment.gateway import GatewayNotExecuted
from application.payment.urgency import Urgency
from infrastructure.stripe import pace
from infrastructure.stripe.pace import Limits, Pace
from tests.support.fake_time import FakeTime, settle

CREATE = "post /v1/checkout/sessions"
READ = "get /v1/checkout/sessions/{id}"
LATER = 10.0


class Sender:
    """Sends requests through a pace and notes which went when."""

    def __init__(self, *, account: int, endpoint: int) -> None:
        self.time = FakeTime()
        self.sent: list[tuple[float, str]] = []
        self.refused: list[str] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.pace = Pace(
            Limits(account=account, endpoint=endpoint),
            monotonic=self.time.monotonic,
            call_later=self.time.call_later,
        )

    def send(
        self, name: str, urgency: Urgency, *, to: str = CREATE, patience: float = LATER
    ) -> asyncio.Task[None]:
        task = asyncio.create_task(self._send(name, urgency, to, patience))
        self._tasks.append(task)
        return task

    async def _send(self, name: str, urgency: Urgency, to: str, patience: float) -> None:
        try:
            await self.pace.admit(to, urgency, until=self.time.now + patience)
        except GatewayNotExecuted:
            self.refused.append(name)
        else:
            self.sent.append((self.time.now, name))

    @property
    def names(self) -> list[str]:
        return [name for _, name in self.sent]

    def most_in_a_second(self) -> int:
        times = [at for at, _ in self.sent]
        return max((sum(at <= other < at + 1 for other in times) for at in times), default=0)


async def test_what_fits_the_limits_is_sent_at_once() -> None:
    sender = Sender(account=3, endpoint=3)
    for name in "abc":
        sender.send(name, Urgency.CHECKOUT)
    await settle()
    assert sender.names == ["a", "b", "c"]


async def test_what_exceeds_the_limit_of_the_account_waits_for_the_next_second() -> None:
    sender = Sender(account=2, endpoint=2)
    for number in range(6):
        sender.send(str(number), Urgency.CHECKOUT, to=f"get /{number}")
    await sender.time.advance(LATER)
    assert [at for at, _ in sender.sent] == [1_000.0, 1_000.0, 1_001.0, 1_001.0, 1_002.0, 1_002.0]


async def test_a_busy_endpoint_holds_up_no_other_endpoint() -> None:
    sender = Sender(account=10, endpoint=1)
    for name in ("create 1", "create 2"):
        sender.send(name, Urgency.CHECKOUT, to=CREATE)
    sender.send("read", Urgency.EFFECT, to=READ)
    await settle()
    assert sender.names == ["create 1", "read"]
    await sender.time.advance(1)
    assert sender.names[-1] == "create 2"


async def test_checkouts_go_before_effects_and_effects_before_sweeps() -> None:
    sender = Sender(account=1, endpoint=1)
    sender.send("first", Urgency.SWEEP)
    await settle()
    for name, urgency in [
        ("sweep 1", Urgency.SWEEP),
        ("effect 1", Urgency.EFFECT),
        ("checkout 1", Urgency.CHECKOUT),
        ("sweep 2", Urgency.SWEEP),
        ("checkout 2", Urgency.CHECKOUT),
    ]:
        sender.send(name, urgency)
    await sender.time.advance(LATER)
    assert sender.names[1:] == ["checkout 1", "checkout 2", "effect 1", "sweep 1", "sweep 2"]


async def test_sweeps_and_effects_leave_room_for_a_checkout_at_once() -> None:
    sender = Sender(account=10, endpoint=10)
    for number in range(20):
        sender.send(f"sweep {number}", Urgency.SWEEP)
        sender.send(f"effect {number}", Urgency.EFFECT)
    await settle()
    assert len(sender.sent) == 8
    sender.send("checkout", Urgency.CHECKOUT)
    await settle()
    assert sender.sent[-1] == (1_000.0, "checkout")


async def test_what_has_no_turn_in_time_is_known_not_to_have_happened() -> None:
    sender = Sender(account=1, endpoint=1)
    for name, patience in [("a", 0.5), ("b", 0.5), ("c", 1.0)]:
        sender.send(name, Urgency.CHECKOUT, patience=patience)
    await sender.time.advance(LATER)
    assert sender.sent == [(1_000.0, "a"), (1_001.0, "c")]
    assert sender.refused == ["b"]


async def test_requests_that_are_not_sent_are_warned_of_in_one_line_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sender = Sender(account=1, endpoint=1)
    for second in (0.5, 0.5, 61.0):
        for name in "abcd":
            sender.send(name, Urgency.CHECKOUT, patience=0.25)
        await sender.time.advance(second)
    assert len(sender.refused) == 10
    sender.send("e", Urgency.CHECKOUT)
    sender.send("f", Urgency.CHECKOUT, patience=0.25)
    await sender.time.advance(LATER)
    assert [record.getMessage()[-2:] for record in caplog.records] == [" 1", "10"]


async def test_when_too_many_wait_the_least_urgent_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pace, "WAITING_LIMIT", 2)
    sender = Sender(account=1, endpoint=1)
    for name in ("sent", "sweep 1", "sweep 2", "sweep 3"):
        sender.send(name, Urgency.SWEEP)
        await settle()
    assert sender.refused == ["sweep 3"]
    sender.send("checkout", Urgency.CHECKOUT)
    await settle()
    assert sender.refused == ["sweep 3", "sweep 2"]
    await sender.time.advance(LATER)
    assert sender.names == ["sent", "checkout", "sweep 1"]


async def test_a_cancelled_caller_takes_no_turn() -> None:
    sender = Sender(account=1, endpoint=1)
    sender.send("a", Urgency.CHECKOUT)
    await settle()
    cancelled = sender.send("b", Urgency.CHECKOUT)
    sender.send("c", Urgency.CHECKOUT)
    await settle()
    cancelled.cancel()
    await sender.time.advance(1)
    assert sender.names == ["a", "c"]


@pytest.mark.parametrize("paused", [CREATE, None])
async def test_a_limit_that_stripe_reports_pauses_its_endpoint_or_all(paused: str | None) -> None:
    sender = Sender(account=10, endpoint=10)
    sender.pace.pause(paused, 2)
    sender.send("create", Urgency.CHECKOUT, to=CREATE)
    sender.send("read", Urgency.EFFECT, to=READ)
    await settle()
    assert sender.names == ([] if paused is None else ["read"])
    await sender.time.advance(2)
    assert sorted(sender.sent) == sorted(
        [(1_002.0, "create"), (1_002.0 if paused is None else 1_000.0, "read")]
    )


_REQUESTS = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.0, 0.125, 0.375, 0.875, 1.25]),
        st.sampled_from(list(Urgency)),
        st.sampled_from([CREATE, READ]),
        st.sampled_from([0.0, 0.75, 3.0]),
    ),
    max_size=40,
)


@given(requests=_REQUESTS, account=st.integers(1, 6), endpoint=st.integers(1, 6))
def test_no_second_has_more_requests_than_a_limit_and_each_is_sent_or_refused_in_time(
    requests: Sequence[tuple[float, Urgency, str, float]], account: int, endpoint: int
) -> None:
    async def story() -> None:
        sender = Sender(account=account, endpoint=endpoint)
        due: dict[str, tuple[float, str]] = {}
        for number, (pause, urgency, to, patience) in enumerate(requests):
            await sender.time.advance(pause)
            name = str(number)
            due[name] = (sender.time.now + patience, to)
            sender.send(name, urgency, to=to, patience=patience)
            await settle()
        await sender.time.advance(LATER)
        assert sorted([*sender.names, *sender.refused]) == sorted(due)
        assert all(at <= due[name][0] for at, name in sender.sent)
        assert sender.most_in_a_second() <= account
        for each in (CREATE, READ):
            only = Sender(account=account, endpoint=endpoint)
            only.sent = [(at, name) for at, name in sender.sent if due[name][1] == each]
            assert only.most_in_a_second() <= endpoint

    asyncio.run(story())
