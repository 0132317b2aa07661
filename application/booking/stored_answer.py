"""The stored answer comes first: a repeated request is answered as it was, whatever changed since.

A client that lost the answer repeats the request with the same key. By then a quote may have
lapsed, the booking may be in another state, the flight gone: none of that may be looked at before
the log has been asked for the command id.
"""

import functools
from collections.abc import Awaitable, Callable
from typing import Concatenate, ParamSpec

from application.booking.access import earlier_outcome
from application.booking.booking_details import BookingDetails, details
from application.booking.ports import BookingPorts
from application.caller import Caller

Arguments = ParamSpec("Arguments")
UseCase = Callable[Concatenate[BookingPorts, Caller, Arguments], Awaitable[BookingDetails]]


def stored_answer_first(use_case: UseCase[Arguments]) -> UseCase[Arguments]:
    """Return the use case that asks the log for the caller's command id before anything else.

    Raises IdempotencyConflict where the id was used with another body.
    """

    @functools.wraps(use_case)
    async def carried_out_once(
        ports: BookingPorts, caller: Caller, /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> BookingDetails:
        stored = await stored_answer(ports, caller)
        return await use_case(ports, caller, *args, **kwargs) if stored is None else stored

    return carried_out_once


async def stored_answer(ports: BookingPorts, caller: Caller) -> BookingDetails | None:
    """Return the booking as it was after the caller's command; None where it is a new one."""
    done = await earlier_outcome(ports, caller)
    return None if done is None else await details(ports, caller.principal, done)
