"""The reasons for which a decision about a bank transfer is rejected."""

from typing import ClassVar

from domain.kernel.rejections import Rejection


class TransferUsed(Rejection):
    """The bank's reference pays something else already; `pays` is its id."""

    code: ClassVar[str] = "VALIDATION_ERROR"
