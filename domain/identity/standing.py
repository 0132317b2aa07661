"""What an account waits for, and what its user does next: the most urgent first."""

import datetime as dt
from collections.abc import Iterator
from typing import Literal

import msgspec

State = Literal[
    "active",
    "erasure_pending",
    "second_factor_required",
    "second_factor_reset_pending",
    "locked",
    "invitation_open",
    "unverified",
]
Step = Literal[
    "stop_erasure",
    "enrol_second_factor",
    "sign_in_again",
    "prove_second_factor",
    "change_password",
    "accept_invitation",
    "verify_email",
]


class Standing(msgspec.Struct, frozen=True):
    """What is stored about an account that asks something of its user; instants in UTC.

    `locked_until` is the end of the lock against strangers, `resets_at` when a lost second factor
    is removed, `invited_until` the end of an invitation to work for the airline.
    """

    is_verified: bool
    has_second_factor: bool
    locked_until: dt.datetime | None = None
    resets_at: dt.datetime | None = None
    invited_until: dt.datetime | None = None
    erasure_requested: bool = False


class NextStep(msgspec.Struct, frozen=True):
    """A state of the account, what the user does about it, and when it ends by itself."""

    state: State
    step: Step
    until: dt.datetime | None = None


def next_steps(
    standing: Standing, *, needs_second_factor: bool, has_proved: bool, now: dt.datetime
) -> tuple[NextStep, ...]:
    """Return the steps, the most urgent first; none where the account is active.

    `needs_second_factor` is whether the role can do nothing without one, `has_proved` whether this
    session has proved it.
    """
    return tuple(_steps(standing, needs=needs_second_factor and not has_proved, now=now))


def state_of(steps: tuple[NextStep, ...]) -> State:
    """Return the state that the user has to be shown first."""
    return steps[0].state if steps else "active"


def _steps(standing: Standing, *, needs: bool, now: dt.datetime) -> Iterator[NextStep]:
    if standing.erasure_requested:
        yield NextStep("erasure_pending", "stop_erasure")
    if needs:
        step: Step = "sign_in_again" if standing.has_second_factor else "enrol_second_factor"
        yield NextStep("second_factor_required", step)
    if standing.resets_at is not None:
        yield NextStep(
            "second_factor_reset_pending", "prove_second_factor", until=standing.resets_at
        )
    if standing.locked_until is not None and now < standing.locked_until:
        yield NextStep("locked", "change_password", until=standing.locked_until)
    if standing.invited_until is not None:
        yield NextStep("invitation_open", "accept_invitation", until=standing.invited_until)
    if not standing.is_verified:
        yield NextStep("unverified", "verify_email")
