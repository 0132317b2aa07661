"""From a request to the command bus and back: envelope, idempotency, the state of a replay."""

import msgspec

from application.caller import Caller
from application.commands import follow_up, stream_kinds
from application.commands.command import Command, Outcome
from domain.booking.state import Booking
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


def cause(request: StrictRequest, identity: Caller) -> follow_up.Cause:
    """What steps of this request follow from."""
    return follow_up.Cause(
        id=identity.command_id, actor=actor(request), correlation_id=request.correlation_id
    )


async def submit(request: StrictRequest, identity: Caller, command: Command) -> Outcome:
    """Carry the command out once; raises its Rejection or Unavailable."""
    return await request.ports.bus.submit(identity.envelope(command))


async def carry_out(request: StrictRequest, identity: Caller, command: Command) -> Done:
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
