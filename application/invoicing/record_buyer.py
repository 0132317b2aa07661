"""Name the business that buys a booking, so that its invoice is a standard one."""

import msgspec

from application.booking.access import changeable_booking
from application.booking.ports import BookingPorts
from application.caller import Caller
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.ports import WrappedKey
from domain.invoicing import filing, parties, rejections
from domain.kernel import ids, sealed

# What a route decodes a request into.
Address = parties.Address
Buyer = parties.Buyer
VAT_NUMBER_PATTERN = parties.VAT_NUMBER_PATTERN
BUILDING_PATTERN = parties.BUILDING_PATTERN
POSTAL_CODE_PATTERN = parties.POSTAL_CODE_PATTERN

_encode = msgspec.json.Encoder(order="deterministic").encode


async def record_buyer(
    ports: BookingPorts, caller: Caller, id_or_reference: str, *, buyer: Buyer
) -> str:
    """Seal the buyer under a key of its own, and record it; return the booking.

    Tax law has an invoice kept with its buyer for years, also after the passengers were erased.
    Rejects BookingNotFound, NotAllowed, BuyerErased and InvoiceIssued.
    """
    booking_id, booking = await changeable_booking(ports, caller.principal, id_or_reference)
    if (await ports.vault.open_all([booking.contact]))[0] is None:
        raise rejections.BuyerErased()
    subject, key = ports.vault.new_subject()
    box = ports.vault.seal(subject, _encode(buyer))
    command = RecordTaxBuyer(booking_id=booking_id, buyer=box, keys=(key,))
    await ports.bus.submit(caller.envelope(command))
    return booking_id


class RecordTaxBuyer(Command, frozen=True):
    """`buyer` is a sealed Buyer, with the keys to store."""

    booking_id: str
    buyer: sealed.Sealed
    keys: tuple[WrappedKey, ...] = ()

    @property
    def streams(self) -> tuple[str, ...]:
        """The documents of the booking."""
        return (ids.tax_documents_stream(self.booking_id),)

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects InvoiceIssued."""
        (stream,) = self.streams
        file = context.load(stream_kinds.TAX_DOCUMENTS, stream)
        context.store_keys(self.keys)
        context.record(stream, filing.record_buyer(file, buyer=self.buyer))
        return Reply(stream)
