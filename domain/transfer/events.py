"""All events of a bank transfer; the tags and fields are a storage contract."""

from typing import ClassVar

from domain.kernel.events import DomainEvent


class TransferRecorded(DomainEvent, frozen=True):
    """Finance said what the transfer pays: the id of a refund, a claim or a credit.

    It carries no entry: that is in the event of what is paid, which the same append records.
    """

    tag: ClassVar[str] = "transfer.recorded.1"
    pays: str


TransferEvent = TransferRecorded
