"""An attempt whose session Stripe opens no more is replaced by one that ends later.

Stripe opens no session that ends within half an hour. So an attempt that waits longer for Stripe is
refused when Stripe is back, although its payer was promised a link. Another attempt takes its
place, with a key and an end of its own. Nobody ever had the address of a session of the first:
there is none, or it is expired before the second is opened.
"""

import datetime as dt

import msgspec

from domain.kernel import ids
from domain.payment.attempts import DELAYED_AFTER, UNANSWERED, session_expires_at
from domain.payment.events import (
    AttemptExpired,
    AttemptRefused,
    AttemptStarted,
    PaymentEvent,
    SessionOpened,
)
from domain.payment.state import Attempt, AttemptStatus, Payment

SHORTEST_SESSION = dt.timedelta(minutes=30)  # https://docs.stripe.com/api/checkout/sessions/create
# By how much Stripe's clock may differ from ours.
CLOCK_LEEWAY = dt.timedelta(minutes=5)
# A session that is found after a lost answer and ends sooner is of no use: a payer needs as long as
# a new hold runs.
LEAST_LEFT = dt.timedelta(minutes=15)
# Each needs half an hour, or a failure that Stripe keeps under a key and a pause.
MOST_IN_A_ROW = 20
# After a failure that Stripe keeps under a key another key is tried at once, then after pauses that
# double from the first to the longest: while it lasts, Stripe keeps a failure under each key.
FIRST_PAUSE = dt.timedelta(seconds=40)
LONGEST_PAUSE = dt.timedelta(minutes=15)


class FoundSession(msgspec.Struct, frozen=True):
    """A session of an attempt whose answer was lost: nobody is ever given its address."""

    session: str
    expires_at: dt.datetime


def opens_no_more(attempt: Attempt, *, now: dt.datetime) -> bool:
    """Return whether Stripe may refuse the attempt only because it asks for too early an end."""
    return now >= attempt.expires_at - SHORTEST_SESSION - CLOCK_LEEWAY


def may_try_another_key(payment: Payment, attempt: Attempt, *, now: dt.datetime) -> bool:
    """Return whether another attempt may follow one that Stripe only has a failure of."""
    in_a_row = len(replaced_by(payment, attempt))
    if not in_a_row:
        return True
    pause = min(FIRST_PAUSE * (1 << (min(in_a_row, MOST_IN_A_ROW) - 1)), LONGEST_PAUSE)
    return now - attempt.started_at >= pause


def ends_too_soon(expires_at: dt.datetime, *, now: dt.datetime) -> bool:
    """Return whether a session that ends then is of no use to a payer who gets its link now."""
    return expires_at < now + LEAST_LEFT


def newest(payment: Payment, attempt_id: str) -> Attempt | None:
    """Return the attempt that has its place now: itself, or the last that replaced it; None for an
    unknown one.
    """
    found = payment.attempt(attempt_id)
    for each in payment.attempts:
        if found is not None and each.replaces == found.id:
            found = each
    return found


def replaced_by(payment: Payment, attempt: Attempt) -> tuple[Attempt, ...]:
    """Return the attempts whose place it has taken, one after the other, the first of them first.

    Each is later in the payment than the one that it replaces.
    """
    found: list[Attempt] = []
    for each in reversed(payment.attempts):
        if each.id == (found[-1] if found else attempt).replaces:
            found.append(each)
    return tuple(reversed(found))


def was_delayed(payment: Payment, attempt: Attempt, *, now: dt.datetime) -> bool:
    """Return whether the attempt, answered now, has made its payer wait for too long."""
    first = next(iter(replaced_by(payment, attempt)), attempt)
    return now - first.started_at >= DELAYED_AFTER


def waited_in_vain(payment: Payment) -> bool:
    """Return whether nobody ever got the address of a session of the last attempt, and it is no
    share: its link was promised, and is not sent any more.
    """
    last = payment.attempts[-1] if payment.attempts else None
    if last is None or last.is_share:
        return False
    was_ended = last.status is AttemptStatus.EXPIRED and not last.url
    return was_ended or last.status in UNANSWERED | {AttemptStatus.REFUSED}


def replace(
    payment: Payment,
    *,
    payment_id: str,
    attempt: str,
    code: str,
    found: FoundSession | None,
    is_payable: bool,
    lasts: dt.timedelta,
    now: dt.datetime,
) -> list[PaymentEvent]:
    """End an attempt without an answer, and start the one that takes its place.

    `code` is why Stripe has no session of it; `found` is one that ends too soon, which the caller
    expires at Stripe before it opens the next, which `lasts` so long. Without `is_payable`, and
    after MOST_IN_A_ROW, none takes its place: it is refused, or has the found session. Idempotent:
    an attempt that has an answer is not replaced.
    """
    known = payment.attempt(attempt)
    assert known is not None, "outcomes are recorded only for attempts that were started"
    if known.status not in UNANSWERED:
        return []
    next_one = _next(payment, payment_id, known, lasts=lasts, now=now) if is_payable else None
    ended: list[PaymentEvent] = [AttemptRefused(attempt=attempt, code=code)]
    if found is not None:
        ended = [
            SessionOpened(
                attempt=attempt,
                session=found.session,
                url="",
                expires_at=found.expires_at,
            )
        ]
        ended += [] if next_one is None else [AttemptExpired(attempt=attempt)]
    return ended if next_one is None else [*ended, next_one]


def _next(
    payment: Payment,
    payment_id: str,
    attempt: Attempt,
    *,
    lasts: dt.timedelta,
    now: dt.datetime,
) -> AttemptStarted | None:
    """Return the attempt that follows this one; a share stays as large as it was."""
    others = [each for each in payment.live_attempts() if each.id != attempt.id]
    # What is live beside a share collects the rest of the amount due (M1).
    is_alone = not others or (attempt.is_share and all(each.is_share for each in others))
    in_a_row = len(replaced_by(payment, attempt))
    if payment.is_settled() or not is_alone or in_a_row >= MOST_IN_A_ROW:
        return None
    outstanding = payment.outstanding()
    rest = None if outstanding == payment.due else outstanding
    name = ids.attempt_id(payment_id, len(payment.attempts) + 1)
    return AttemptStarted(
        attempt=name,
        idempotency_key=f"checkout:{name}",
        locale=attempt.locale,
        started_at=now,
        expires_at=session_expires_at(lasts=lasts, now=now),
        amount=attempt.amount if attempt.is_share else rest,
        is_share=attempt.is_share,
        return_to=attempt.return_to,
        replaces=attempt.id,
    )
