"""Enrol an authenticator app: a secret is shown once, and a code of the app confirms it."""

from collections.abc import Sequence

import msgspec

from application.identity.account_ports import AccountPorts
from application.identity.confirm_code import count_code
from application.identity.confirm_password import confirm_password
from application.identity.ports import Principal
from domain.identity import rejections


class NewSecret(msgspec.Struct, frozen=True):
    """The secret in base32, and as the `otpauth` address of a QR code; never shown again."""

    secret: str
    uri: str


async def begin_enrolment(
    caller: Principal, password: str, outside: AccountPorts, *, address: str
) -> NewSecret:
    """Return a fresh secret; one that was begun before and not confirmed is void.

    Raises PasswordRefused, SecondFactorInForce, CredentialsRefused for an erased account, and
    Unavailable.
    """
    user = await confirm_password(caller.user, password, outside, address=address, field="password")
    (account,) = await outside.vault.open_all([user.email])
    if account is None:
        raise rejections.CredentialsRefused
    secret = outside.codes.new_secret()
    sealed = outside.vault.seal(user.email.subject, secret.encode())
    if not await outside.factors.begin(user.id, sealed, at=outside.now()):
        raise rejections.SecondFactorInForce(reason="second_factor_in_force")
    return NewSecret(secret, outside.codes.uri(secret, account=account.decode()))


async def confirm_enrolment(
    caller: Principal, code: str, outside: AccountPorts, *, address: str
) -> Sequence[str]:
    """Put the factor in force; returns ten recovery codes, which are never shown again.

    All other sessions of the user end: they were opened without the factor. The caller's has
    proved it now. Wrong codes count as at the sign-in. Raises CodeRefused, SecondFactorInForce and
    Unavailable.
    """
    factor = await outside.factors.find(caller.user)
    if factor is None:
        raise rejections.CodeRefused(field="code", reason="not_enrolled")
    if factor.is_confirmed:
        raise rejections.SecondFactorInForce(reason="second_factor_in_force")
    (secret,) = await outside.vault.open_all([factor.secret])
    now = outside.now()
    step = None if secret is None else outside.codes.step_of(secret.decode(), code, at=now)
    await count_code(caller.user, outside, address=address, right=step is not None)
    assert step is not None
    codes = outside.codes.new_recovery_codes()
    ended = await outside.factors.confirm(
        caller.user,
        caller.session,
        step=step,
        code_hashes=[outside.codes.recovery_hash(caller.user, each) for each in codes],
        at=now,
    )
    if ended is None:
        raise rejections.SecondFactorInForce(reason="second_factor_in_force")
    outside.sessions.ended.note(ended)
    return codes
