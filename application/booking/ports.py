"""What the use cases of a booking need from outside."""

import msgspec

from application.booking.boarding_pass_printer import BoardingPassPrinter
from application.booking.calendar_file import CalendarFileWriter
from application.booking.saved_passengers import PassengersOf
from application.booking.unpaid_seats import UnpaidSeats
from application.commands.bus import CommandBus
from application.inventory.airports import Airports
from application.payment.collect import Collector
from application.policies.current_policies import CurrentPolicies
from application.ports import Clock, TicketStock, Vault
from application.pricing.signed_quotes import QuoteSigner
from application.queries import ListBookings
from application.stream_history import StreamHistory


class BookingPorts(msgspec.Struct, frozen=True):
    """The command bus, and what use cases call before and after a command."""

    bus: CommandBus
    history: StreamHistory
    vault: Vault
    quotes: QuoteSigner
    stock: TicketStock
    clock: Clock
    airline_code: str
    airline_name: str
    airports: Airports
    policies: CurrentPolicies
    collector: Collector
    boarding_passes: BoardingPassPrinter
    calendar_files: CalendarFileWriter
    list_bookings: ListBookings
    unpaid_seats: UnpaidSeats
    saved_passengers: PassengersOf
