"""The reasons for which a mode is not switched."""

from typing import ClassVar

from domain.kernel.rejections import Rejection


class EndNotAhead(Rejection):
    """The planned end of a mode is not in the future, or too far in it."""

    code: ClassVar[str] = "VALIDATION_ERROR"
