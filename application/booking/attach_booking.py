"""Attach a booking to the account of the traveller who proves to know it."""

from collections.abc import Awaitable, Callable

import msgspec

from application.booking import journey
from application.booking.access import carry_out
from application.booking.booking_details import BookingDetails, details
from application.booking.find_booking import booking_of_surname
from application.booking.ports import BookingPorts
from application.booking.stored_answer import stored_answer_first
from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.identity.ports import TokenIssuer, TokenRefused, TokenVerifier
from domain.booking import attachment, rejections
from domain.identity.rejections import NotAllowed
from domain.identity.roles import Role
from domain.kernel import ids


class GuestPorts(msgspec.Struct, frozen=True):
    """What finding and attaching bookings needs beside the ports of bookings.

    `role_of` returns the role of a user, None for an unknown one; `has_left` whether the account of
    a user was closed.
    """

    issuer: TokenIssuer
    verifier: TokenVerifier
    role_of: Callable[[str], Awaitable[Role | None]]
    has_left: Callable[[str], Awaitable[bool]]


class Proof(msgspec.Struct, frozen=True):
    """What shows that the caller knows the booking: a guest's token for it, or a surname."""

    guest_token: str | None = None
    surname: str | None = None


@stored_answer_first
async def attach_booking(
    ports: BookingPorts, caller: Caller, id_or_reference: str, *, proof: Proof, guests: GuestPorts
) -> BookingDetails:
    """Attach the booking to the caller's account and return it.

    The address of the account is no proof: nobody has verified it. Rejects FindRefused where
    the proof is wrong, NotAllowed for a guest, and AttachedElsewhere.
    """
    if caller.principal.is_guest:
        raise NotAllowed(reason="account_needed")
    booking_id = await _proven(ports, guests.verifier, id_or_reference, proof)
    booking = (await ports.bus.current(stream_kinds.BOOKING, booking_id))[0]
    assert booking is not None, "a proven booking is there"
    command = AttachBooking(
        booking_id=booking_id,
        user=caller.principal.user,
        sold_to_owner=await guests.role_of(booking.owner) == "customer",
        holder_has_left=(
            booking.attached_to is not None and await guests.has_left(booking.attached_to)
        ),
    )
    done = await carry_out(ports, caller, command)
    return await details(ports, caller.principal, done)


async def _proven(
    ports: BookingPorts, verifier: TokenVerifier, id_or_reference: str, proof: Proof
) -> str:
    if proof.surname is not None:
        return (await booking_of_surname(ports, id_or_reference, proof.surname))[0]
    assert proof.guest_token is not None
    try:
        guest = verifier.verify(proof.guest_token.encode())
    except TokenRefused:
        raise rejections.FindRefused() from None
    if guest.booking is None or guest.booking != ids.booking_id_of(id_or_reference):
        raise rejections.FindRefused()
    return guest.booking


class AttachBooking(Command, frozen=True):
    """`sold_to_owner` is whether the owner of the booking is a customer, who keeps it,
    `holder_has_left` whether the account that has it attached was closed."""

    booking_id: str
    user: str
    sold_to_owner: bool
    holder_has_left: bool = False

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects AttachedElsewhere."""
        booking = journey.load(context, self.booking_id)
        context.record(
            self.booking_id,
            attachment.attach(
                booking,
                user=self.user,
                sold_to_owner=self.sold_to_owner,
                holder_has_left=self.holder_has_left,
            ),
        )
        return Reply(self.booking_id)
