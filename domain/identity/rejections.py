"""Why identity says no."""

from typing import ClassVar

from domain.kernel.rejections import Rejection


class PasswordUnfit(Rejection):
    """The password breaks the policy of `passwords.py`."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class CredentialsRefused(Rejection):
    """No such user, a wrong password or a locked account: which of them is not told."""

    code: ClassVar[str] = "UNAUTHORIZED"


class NotAllowed(Rejection):
    """The role lacks the permission for this booking, flight or field."""

    code: ClassVar[str] = "FORBIDDEN"
