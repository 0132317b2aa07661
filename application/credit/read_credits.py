"""Read the credits of an account: what can be spent, until when, and what became of the rest."""

from collections.abc import Sequence

import msgspec

from application.commands import stream_kinds
from application.credit.ports import CreditPorts
from application.identity.ports import Principal
from application.queries import AsOf
from domain.credit.rejections import CreditNotFound
from domain.credit.state import Credit
from domain.identity import roles
from domain.kernel import ids


class CreditDetails(msgspec.Struct, frozen=True):
    """A credit with its id; `iban` and `holder` of a proposed payout for those who may decide it.

    They are None, too, once the person was erased.
    """

    credit_id: str
    credit: Credit
    iban: str | None = None
    holder: str | None = None


def require_credit_id(credit_id: str) -> None:
    """The text has the form of a credit's id; otherwise CreditNotFound."""
    if not ids.is_credit_id(credit_id):
        raise CreditNotFound()


def credit_of(credit: Credit | None) -> Credit:
    """Return the credit; rejects CreditNotFound."""
    if credit is None:
        raise CreditNotFound()
    return credit


async def read_credit(ports: CreditPorts, credit_id: str) -> CreditDetails:
    """Return the credit as it is now; rejects CreditNotFound."""
    require_credit_id(credit_id)
    credit = (await ports.booking.bus.current(stream_kinds.CREDIT, credit_id))[0]
    return CreditDetails(credit_id, credit_of(credit))


async def read_visible_credit(
    ports: CreditPorts, principal: Principal, credit_id: str
) -> CreditDetails:
    """Return a credit of the caller, or any to staff who see all bookings.

    Rejects CreditNotFound, also for the credit of somebody else.
    """
    found = await read_credit(ports, credit_id)
    if found.credit.owner != principal.user and not roles.may(principal.role, "see_any_booking"):
        raise CreditNotFound()
    if not roles.may(principal.role, "override_refund"):
        return found
    return await _with_account(ports, found)


async def _with_account(ports: CreditPorts, details: CreditDetails) -> CreditDetails:
    """Return the details with the account that the second person has to look at."""
    payout = details.credit.payout
    if payout is None:
        return details
    (opened,) = await ports.booking.vault.open_all([payout.account])
    if opened is None:
        return details
    account: dict[str, str] = msgspec.json.decode(opened)
    return msgspec.structs.replace(details, iban=account["iban"], holder=account["holder"])


async def list_credits(ports: CreditPorts, owner: str) -> tuple[Sequence[CreditDetails], AsOf]:
    """Return the credits of an account as they are now, those that expire first in front."""
    names, as_of = await ports.credits_of(owner)
    known = await ports.booking.bus.current_all(stream_kinds.CREDIT, names)
    found = [(name, known[name][0]) for name in names]
    return [CreditDetails(name, each) for name, each in found if each is not None], as_of
