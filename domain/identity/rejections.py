"""The reasons for which a sign-in or a password is rejected."""

from typing import ClassVar

from domain.kernel.rejections import Rejection


class InvalidPassword(Rejection):
    """The password breaks the policy of `passwords.py`."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class PasswordRefused(Rejection):
    """A signed-in user entered a wrong password, or is locked out."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class LinkRefused(Rejection):
    """A mailed link is not ours, or was used, or a newer one made it void, or it is too old."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class CodeRefused(Rejection):
    """The code is wrong, or was used, or the user is locked out, or has no second factor."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class SecondFactorInForce(Rejection):
    """The user has a second factor, which has to be turned off first."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class SecondFactorRequired(Rejection):
    """The role of the user must have a second factor."""

    code: ClassVar[str] = "FORBIDDEN"


class InvalidRole(Rejection):
    """Nobody is invited to be a customer: customers register."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class InvitationNotSent(Rejection):
    """Three letters went to this address within the last hour."""

    code: ClassVar[str] = "RATE_LIMITED"


class RoleNotChanged(Rejection):
    """The role stays: it is the caller's own, or the user's address is not verified."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class UserUnknown(Rejection):
    """No user has this address."""

    code: ClassVar[str] = "NOT_FOUND"


class FactorNotReset(Rejection):
    """The second factor stays: it is the caller's own, or there is none."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class ResetNotApproved(Rejection):
    """The caller asked for the reset, or it is their own second factor."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class ResetUnknown(Rejection):
    """No reset with this id waits."""

    code: ClassVar[str] = "NOT_FOUND"


class ResetNotMailed(Rejection):
    """Three letters went to this address within the last hour."""

    code: ClassVar[str] = "RATE_LIMITED"


class CredentialsRefused(Rejection):
    """No such user, a wrong password or a locked account; the answer is the same for all."""

    code: ClassVar[str] = "UNAUTHORIZED"


class RefreshRefused(Rejection):
    """The session of this refresh token is over; the user signs in again."""

    code: ClassVar[str] = "UNAUTHORIZED"


class RefreshTokenForged(RefreshRefused):
    """The text is no refresh token of ours; the answer is the same."""


class ScopeRefused(Rejection):
    """A client asks for a scope that was not given to it."""

    code: ClassVar[str] = "FORBIDDEN"


class SessionUnknown(Rejection):
    """No session of the caller has this id."""

    code: ClassVar[str] = "NOT_FOUND"


class NotAllowed(Rejection):
    """The role lacks the permission for this booking, flight or field."""

    code: ClassVar[str] = "FORBIDDEN"


class InvalidClient(Rejection):
    """The registration of a client breaks a rule of `clients.py`."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class ClientUnknown(Rejection):
    """No client has this id, or the user gave it no consent."""

    code: ClassVar[str] = "NOT_FOUND"


class ClientDisabled(Rejection):
    """The client is disabled, which is final."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"
