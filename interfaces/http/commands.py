"""From a request to the dispatcher and back: envelope, idempotency, what a replay speaks of."""

import msgspec

from application.commands import follow_up, stream_kinds
from application.commands.command import Command, CommandEnvelope, Outcome
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


def cause(request: StrictRequest, identity: CommandIdentity) -> follow_up.Cause:
    """What steps of this request follow from."""
    return follow_up.Cause(
        id=identity.command_id, actor=actor(request), correlation_id=request.correlation_id
    )


async def submit(request: StrictRequest, identity: CommandIdentity, command: Command) -> Outcome:
    """Carry the command out once; raises its Rejection or Unavailable."""
    return await request.ports.bus.submit(
        CommandEnvelope(
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
        stream_kinds.BOOKING, stream, outcome.answer.version
    )
    assert found is not None
    return Done(stream, found, REPLAYED)
