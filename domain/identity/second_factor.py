"""The second factor of an account: codes of an authenticator app, by RFC 6238 (D6).

A code belongs to a time step. One of the step before or after is accepted, because clocks differ;
a step is used once, so that a code that was looked at over a shoulder is worth nothing.
"""

import datetime as dt
from typing import Literal

ResetPath = Literal["at_once", "approval", "mailbox"]

STEP_SECONDS = 30
STEPS_OF_LEEWAY = 1
# For so long after the password a code may be entered, and so many times.
CHALLENGE_LIFE = dt.timedelta(minutes=5)
CHALLENGE_TRIES = 5
RECOVERY_CODES = 10
# Between the confirmation by mail and the end of a customer's factor: time to stop a thief.
RESET_WAIT = dt.timedelta(hours=24)


def accepted_steps(now: dt.datetime) -> tuple[int, ...]:
    """Return the time steps whose codes are accepted at this instant, the earliest first."""
    present = int(now.timestamp()) // STEP_SECONDS
    return tuple(range(present - STEPS_OF_LEEWAY, present + STEPS_OF_LEEWAY + 1))
