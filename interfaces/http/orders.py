"""From a request to the dispatcher and back: envelope, idempotency, what a replay speaks of."""

import msgspec

from application import steps, streams
from application.orders import Command, Order, Outcome
from domain.booking.state import Booking
from interfaces.http import wire
from interfaces.http.idempotency import CommandIdentity
from interfaces.http.strict_request import StrictRequest

REPLAYED = {"idempotency-replayed": "true"}


class Done(msgspec.Struct, frozen=True):
    """A command that was carried out, now or before."""

    stream: str
    booking: Booking
    headers: dict[str, str]


def actor(request: StrictRequest) -> str:
    """Who acts, as the log keeps it: role and user."""
    return f"{request.principal.role}:{request.principal.user}"


def cause(request: StrictRequest, identity: CommandIdentity) -> steps.Cause:
    """What steps of this request follow from."""
    return steps.Cause(
        id=identity.command_id, actor=actor(request), correlation_id=request.correlation_id
    )


async def submit(request: StrictRequest, identity: CommandIdentity, command: Command) -> Outcome:
    """Carry the command out once; raises its Rejection or Unavailable."""
    return await request.ports.desk.submit(
        Order(
            id=identity.command_id,
            command=command,
            actor=actor(request),
            correlation_id=request.correlation_id,
            deadline=wire.deadline(),
            fingerprint=identity.fingerprint,
        )
    )


async def carry_out(request: StrictRequest, identity: CommandIdentity, command: Command) -> Done:
    """A command whose answer speaks of a booking; a replay shows it as it was then."""
    outcome = await submit(request, identity, command)
    stream = outcome.answer.stream
    if outcome.state is not None:
        booking: Booking = outcome.state
        return Done(stream, booking, {})
    found = await request.ports.stream_history.as_of(
        streams.BOOKING, stream, outcome.answer.version
    )
    assert found is not None
    return Done(stream, found, REPLAYED)
