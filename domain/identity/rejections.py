"""The reasons for which a sign-in or a password is rejected."""

from typing import ClassVar

from domain.kernel.rejections import Rejection


class InvalidPassword(Rejection):
    """The password breaks the policy of `passwords.py`."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class CredentialsRefused(Rejection):
    """No such user, a wrong password or a locked account; the answer is the same for all."""

    code: ClassVar[str] = "UNAUTHORIZED"


class NotAllowed(Rejection):
    """The role lacks the permission for this booking, flight or field."""

    code: ClassVar[str] = "FORBIDDEN"
