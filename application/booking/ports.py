"""What the use cases of a booking need, handed over by the composition."""

import msgspec

from application.booking.boarding_pass_printer import BoardingPassPrinter
from application.commands.bus import CommandBus
from application.payment.collect import Collector
from application.ports import Clock, TicketStock, Vault
from application.pricing.signed_quotes import QuoteSigner
from application.queries import ListBookings
from application.stream_history import StreamHistory
from domain.booking.preconditions import CheckInWindow


class BookingPorts(msgspec.Struct, frozen=True):
    """The command bus and everything that is asked before or after a command."""

    bus: CommandBus
    history: StreamHistory
    vault: Vault
    quotes: QuoteSigner
    stock: TicketStock
    clock: Clock
    airline_code: str
    check_in_window: CheckInWindow
    collector: Collector
    boarding_passes: BoardingPassPrinter
    list_bookings: ListBookings
