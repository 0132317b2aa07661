"""The reasons for which a decision about personal data is rejected."""

from typing import ClassVar

from domain.kernel.rejections import Rejection


class ConsentRefused(Rejection):
    """The consent breaks E2 or names a version that does not fit; names the field."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class ErasureUnknown(Rejection):
    """No erasure of the caller is under way."""

    code: ClassVar[str] = "NOT_FOUND"


class ErasureBegun(Rejection):
    """The account is closed already: the erasure cannot be withdrawn any more."""

    code: ClassVar[str] = "INVALID_STATE_TRANSITION"


class AddressNotVerified(Rejection):
    """The account's address is not verified: a stranger may have registered it, and the export
    would show what other systems know of the address' owner."""

    code: ClassVar[str] = "VALIDATION_ERROR"


class ExportCursorRefused(Rejection):
    """The cursor is no page of the export."""

    code: ClassVar[str] = "VALIDATION_ERROR"
