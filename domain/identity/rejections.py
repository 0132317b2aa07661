"""The reasons for which a sign-in or a password is rejected."""

from typing import ClassVar

from domain.kernel.rejections import Rejection


class InvalidPassword(Rejection):
    """The password breaks the policy of `passwords.py`."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class CredentialsRefused(Rejection):
    """No such user, a wrong password or a locked account; the answer is the same for all."""

    code: ClassVar[str] = "UNAUTHORIZED"


class RefreshRefused(Rejection):
    """The session of this refresh token is over; the user signs in again."""

    code: ClassVar[str] = "UNAUTHORIZED"


class RefreshTokenForged(RefreshRefused):
    """The text is no refresh token of ours; the answer is the same."""


class SessionUnknown(Rejection):
    """No session of the caller has this id."""

    code: ClassVar[str] = "NOT_FOUND"


class NotAllowed(Rejection):
    """The role lacks the permission for this booking, flight or field."""

    code: ClassVar[str] = "FORBIDDEN"
