"""Ask for the erasure of a person, withdraw it, see what postpones it.

The request is the recorded intention. A timer carries it out by itself, once nothing is open.
"""

from collections.abc import Sequence

import msgspec

from application.identity.account_ports import AccountPorts
from application.identity.confirm_password import confirm_password
from application.privacy.open_matters import OpenMatter, open_matters
from application.privacy.person import Person, find_person
from application.privacy.ports import Erasure, PrivacyPorts
from domain.privacy import rejections


class ErasureDetails(msgspec.Struct, frozen=True):
    """An erasure, and what is open as long as it waits."""

    erasure: Erasure
    open: Sequence[OpenMatter]


async def request_own_erasure(
    ports: PrivacyPorts, accounts: AccountPorts, user: str, *, password: str, address: str
) -> ErasureDetails:
    """Request it for the caller's account, confirmed by the password; a repeat changes nothing.

    `address` is the client's. Raises PasswordRefused as `confirm_password` does, and Unavailable.
    """
    await confirm_password(user, password, accounts, address=address, field="password")
    return await request_erasure(ports, user, by=user)


async def request_erasure(ports: PrivacyPorts, person: str, *, by: str) -> ErasureDetails:
    """Request it for an account, a guest's booking or a gift card; a repeat changes nothing.

    Rejects ErasureUnknown for an unknown person; raises Unavailable.
    """
    found = await find_person(ports, person)
    if found is None:
        raise rejections.ErasureUnknown()
    await ports.erasures.request(person, reason="request", by=by)
    return await _details(ports, found)


async def read_erasure(ports: PrivacyPorts, person: str) -> ErasureDetails:
    """Return the erasure of a person; rejects ErasureUnknown where none was requested."""
    found = await find_person(ports, person)
    if found is None:
        raise rejections.ErasureUnknown()
    return await _details(ports, found)


async def withdraw_erasure(ports: PrivacyPorts, person: str, *, by: str) -> None:
    """Withdraw it; rejects ErasureUnknown, and ErasureBegun once the account is closed."""
    if await ports.erasures.withdraw(person, by=by):
        return
    if await ports.erasures.of(person) is None:
        raise rejections.ErasureUnknown()
    raise rejections.ErasureBegun()


async def _details(ports: PrivacyPorts, person: Person) -> ErasureDetails:
    erasure = await ports.erasures.of(person.id)
    if erasure is None:
        raise rejections.ErasureUnknown()
    is_open = erasure.step in ("waiting", "closed")
    return ErasureDetails(erasure, await open_matters(ports, person) if is_open else ())
