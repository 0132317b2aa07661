"""What a bank transfer pays."""

from domain.transfer import rejections
from domain.transfer.events import TransferEvent, TransferRecorded
from domain.transfer.state import Transfer


def record(transfer: Transfer | None, *, pays: str) -> list[TransferEvent]:
    """Record what the transfer pays; rejects TransferUsed where it has paid anything (W1).

    The caller records nothing for a repeat, so that this is a new payment of the same thing, too.
    """
    if transfer is not None:
        raise rejections.TransferUsed(
            field="bankReference", reason="pays_another", pays=transfer.pays
        )
    return [TransferRecorded(pays=pays)]


def evolve(_transfer: Transfer | None, event: TransferEvent) -> Transfer:
    """The transfer after the event; never rejects a stored fact."""
    return Transfer(pays=event.pays)
