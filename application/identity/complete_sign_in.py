"""The second step of a sign-in: after the password, a code of the user's authenticator app."""

import hmac

import msgspec

from application.identity.account_ports import AccountPorts
from application.identity.log_in import SignedIn, hashed, place_of
from application.identity.open_session import Device, open_session
from application.identity.ports import AuthFact
from application.identity.prove_second_factor import prove_second_factor
from application.identity.session_ports import SessionKind
from domain.identity import lockout, rejections
from domain.identity.lockout import Attempts


class CompleteSignIn(msgspec.Struct, frozen=True):
    """The challenge that the first step returned, a code, and from which device, as there."""

    challenge: str
    code: str
    address: str
    user_agent: str = ""
    device_token: str | None = None


async def complete_sign_in(
    command: CompleteSignIn, outside: AccountPorts
) -> tuple[SignedIn, SessionKind]:
    """Open a session of the kind that the first step asked for.

    Raises CredentialsRefused, whatever the reason, and Unavailable. Wrong codes count as wrong
    passwords do, and those from strange places for a day besides; a challenge takes five, and of
    many right ones at once one signs in.
    """
    token_hash = hashed(command.challenge)
    challenge = await outside.factors.try_challenge(token_hash, at=outside.now())
    if challenge is None:
        await outside.directory.record("second_factor_refused", user_id=None, at=outside.now())
        raise rejections.CredentialsRefused
    user = await outside.directory.read(challenge.user)
    places = outside.sessions.places
    device = Device(challenge.kind, command.address, command.user_agent)
    place, device_token = place_of(device, command.device_token, user.id, places)
    before = await outside.directory.attempts(user.id, place, at=outside.now())
    if lockout.is_code_refused(before, now=outside.now()):
        # No recovery code is used up where none is accepted.
        await outside.directory.record("second_factor_refused", user_id=user.id, at=outside.now())
        raise rejections.CredentialsRefused
    right = hmac.compare_digest(challenge.bound_to, hashed(user.password_hash))
    right = right and await prove_second_factor(user, command.code, outside)
    now = outside.now()

    def settled(before: Attempts) -> tuple[Attempts, AuthFact]:
        if lockout.is_code_refused(before, now=now):
            return before, "second_factor_refused"
        if right:
            return lockout.after_sign_in(before), "signed_in"
        after = lockout.after_wrong_code(before, now=now)
        is_refused = lockout.is_code_refused(after, now=now)
        return after, "locked" if is_refused else "second_factor_refused"

    fact = await outside.directory.change_attempts(user.id, place, settled, at=now)
    if fact != "signed_in" or not await outside.factors.finish_challenge(token_hash, at=now):
        raise rejections.CredentialsRefused
    tokens = await open_session(user, device, outside.sessions, second_factor=True)
    signed_in = SignedIn(tokens, device_token or places.new_device_token(user.id))
    return signed_in, challenge.kind
