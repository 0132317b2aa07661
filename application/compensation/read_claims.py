"""Read the claims of a booking; finance also reads the account that a claim is paid to."""

import msgspec

from application.booking.access import visible_booking
from application.booking.ports import BookingPorts
from application.commands import stream_kinds
from application.identity.ports import Principal
from domain.compensation.rejections import ClaimNotFound
from domain.compensation.state import Claim
from domain.identity import roles
from domain.kernel import ids


class ClaimDetails(msgspec.Struct, frozen=True):
    """A claim with its id; `iban` and `holder` for those who may pay it, once it is accepted."""

    claim_id: str
    claim: Claim
    iban: str | None = None
    holder: str | None = None


def claim_of(claim: Claim | None) -> Claim:
    """Return the claim; rejects ClaimNotFound."""
    if claim is None:
        raise ClaimNotFound()
    return claim


async def read_claim(ports: BookingPorts, claim_id: str) -> ClaimDetails:
    """Return the claim as it is now; rejects ClaimNotFound."""
    return ClaimDetails(
        claim_id, claim_of((await ports.bus.current(stream_kinds.CLAIM, claim_id))[0])
    )


async def read_claims(
    ports: BookingPorts, principal: Principal, id_or_reference: str
) -> list[ClaimDetails]:
    """Return the claims of a booking in the order of its flights, also of those that it left.

    Rejects BookingNotFound.
    """
    booking_id, _ = await visible_booking(ports, principal, id_or_reference)
    history = await ports.bus.history(booking_id)
    flights: dict[str, None] = {}
    booking = None
    for recorded in history:
        booking = stream_kinds.BOOKING.evolve(booking, recorded.event)
        flights.update(dict.fromkeys(each.flight for each in booking.segments))
    names = [ids.claim_stream(booking_id, each) for each in flights]
    known = await ports.bus.current_all(stream_kinds.CLAIM, names)
    found = [(name, known[name][0]) for name in names]
    details = [ClaimDetails(name, claim) for name, claim in found if claim is not None]
    if not roles.may(principal.role, "override_refund"):
        return details
    return [await _with_account(ports, each) for each in details]


async def _with_account(ports: BookingPorts, details: ClaimDetails) -> ClaimDetails:
    """Return the details with the account, where there is one and the person was not erased."""
    if details.claim.account is None:
        return details
    (opened,) = await ports.vault.open_all([details.claim.account])
    if opened is None:
        return details
    account: dict[str, str] = msgspec.json.decode(opened)
    return msgspec.structs.replace(details, iban=account["iban"], holder=account["holder"])
