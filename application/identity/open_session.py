"""Open a session for a device whose user has proved who they are."""

import msgspec

from application.identity import session_ports as ports
from application.identity.issue_tokens import tokens_of
from application.identity.ports import StoredUser
from domain.identity import rejections, sessions
from domain.identity.sessions import Kind
from domain.kernel.sealed import Sealed


class Device(msgspec.Struct, frozen=True):
    """Where a session is opened: its kind, the network address, and what the device calls itself
    (the header `User-Agent`)."""

    kind: Kind
    address: str
    user_agent: str = ""


async def open_session(
    user: StoredUser,
    device: Device,
    outside: ports.SessionPorts,
    *,
    second_factor: bool = False,
) -> ports.SessionTokens:
    """Return the first tokens; raises Unavailable. `second_factor` is whether one was proved.

    Raises CredentialsRefused if the password has changed since the user was read, or a second
    factor is in force since: such a change ends all sessions, also one that is just beginning.
    """
    salt = outside.random_bytes(ports.SALT_BYTES)
    new = ports.NewSession(
        session=sessions.opened(outside.new_session_id(), user.id, device.kind, at=outside.now()),
        salt=salt,
        device=await _sealed_name(user, device, outside),
        source=outside.places.of_address(device.address).index,
        second_factor=second_factor,
    )
    role = await outside.sessions.open(new, password_hash=user.password_hash)
    if role is None:
        raise rejections.CredentialsRefused
    return tokens_of(
        ports.StoredSession(new.session, role, salt, new.device, second_factor), outside
    )


async def _sealed_name(
    user: StoredUser, device: Device, outside: ports.SessionPorts
) -> Sealed | None:
    """The device's name under the user's key; None where it has no name, or the key is erased."""
    name = sessions.device_name(device.user_agent)
    if not name:
        return None
    (address,) = await outside.vault.open_all([user.email])
    return None if address is None else outside.vault.seal(user.email.subject, name.encode())
