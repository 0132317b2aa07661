"""Records, in the decision that says what a bank transfer pays, that it pays nothing else."""

from application.commands import stream_kinds
from application.commands.context import DecisionContext
from domain.kernel import ids
from domain.transfer import transfers


def record_transfer(context: DecisionContext, *, bank_reference: str, pays: str) -> None:
    """Record the transfer by its reference; rejects TransferUsed.

    Two decisions at the same moment write the same stream: one of them is decided again.
    """
    stream = ids.transfer_stream(bank_reference)
    known = context.load(stream_kinds.TRANSFER, stream)
    context.record(stream, transfers.record(known, pays=pays))
