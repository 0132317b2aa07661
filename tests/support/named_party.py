"""A party with names on the flights of an airline in memory, and the ports that read about it."""

import datetime as dt
import os
from typing import Any

import msgspec
from msgspec.structs import replace

from application import mail
from application.booking.check_in import CheckIn, UndoCheckIn
from application.booking.close_flight import CloseFlight
from application.booking.people import Contact, Name
from application.booking.ports import BookingPorts
from application.identity.ports import Principal
from application.inventory.depart_flight import DepartFlight
from application.policies.current_policies import CurrentPolicies
from application.pricing.signed_quotes import QuoteSigner
from domain.booking.values import Channel, Passenger
from domain.kernel.sealed import Sealed
from domain.pricing.price import PassengerType
from infrastructure.airports.world import load_airports
from infrastructure.boarding_pass.printer import BilingualBoardingPassPrinter
from infrastructure.calendar_file.writer import IcalendarFileWriter
from tests.support import airline as verbs
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_processes import MemoryBus
from tests.support.memory_use_cases import unlimited_seats

OWNER = Principal("user_1", "customer")


class OpenVault:
    """A vault that keeps what it seals, until a person is erased."""

    def __init__(self) -> None:
        self._kept: dict[bytes, bytes] = {}

    def keep(self, person: msgspec.Struct) -> Sealed:
        """Seal a name or a contact under a key of its own."""
        return self.seal("sub_" + os.urandom(13).hex(), msgspec.json.encode(person))

    def seal(self, subject: str, plaintext: bytes) -> Sealed:
        """Seal a text under the key of the subject."""
        box = Sealed(subject, os.urandom(60))
        self._kept[box.box] = plaintext
        return box

    def erase(self, box: Sealed) -> None:
        """Destroy the key."""
        del self._kept[box.box]

    async def open_all(self, boxes: list[Sealed]) -> list[bytes | None]:
        """Return each text; None where the person was erased."""
        return [self._kept.get(each.box) for each in boxes]


class Mailbox:
    """Keeps the letters."""

    def __init__(self) -> None:
        self.letters: list[mail.Letter] = []

    async def send(self, letter: mail.Letter) -> None:
        """Keep it."""
        self.letters.append(letter)


class NamedParty:
    """One booking of passengers, each of whom has a name, with tickets."""

    def __init__(
        self, *party: tuple[PassengerType, str], flights: int = 1, seats: int = 30, **flight: Any
    ) -> None:
        """`party` is the type and the given name of each; the surname is Harbi."""
        self.airline = MemoryAirline()
        self.vault = OpenVault()
        self.bus = MemoryBus(self.airline)
        # Flights there and back, the first in ten days.
        self.flights = tuple(
            self.airline.schedule(
                f"SV{1 + number}",
                seats=seats,
                in_days=10 + number,
                **(flight or {"route": ("RUH", "JED") if number % 2 == 0 else ("JED", "RUH")}),
            )
            for number in range(flights)
        )
        self._party = party
        self.booking_id = self.book()
        self.airline.pay(self.booking_id)
        self.airline.confirm(self.booking_id)

    def book(self) -> str:
        """Book the same party once more, without paying; the booking."""
        command = replace(
            verbs.create_booking(self.flights, *(each for each, _ in self._party)),
            passengers=tuple(
                Passenger(each, self.vault.keep(Name(name, "Harbi"))) for each, name in self._party
            ),
            contact=self.vault.keep(Contact("amal@example.com")),
        )
        stream: str = self.airline.submit(command).answer.stream
        return stream

    @property
    def ports(self) -> Any:
        """`BookingPorts` with all that reading about a booking needs."""
        absent: Any = None
        return BookingPorts(
            bus=self.bus,  # type: ignore[arg-type]  # it reads the log of the airline
            history=absent,
            vault=self.vault,  # type: ignore[arg-type]  # it only opens
            quotes=QuoteSigner(bytes(32)),
            stock=absent,
            clock=self.airline.clock,
            airline_code=verbs.AIRLINE,
            airline_name="Rimal Air",
            airports=load_airports(),
            policies=CurrentPolicies(self.bus, self.airline.clock),
            collector=absent,
            boarding_passes=BilingualBoardingPassPrinter(),
            calendar_files=IcalendarFileWriter(),
            list_bookings=absent,
            unpaid_seats=unlimited_seats(),
            saved_passengers=absent,
        )

    def check_in(
        self, *passengers: int, channel: Channel | None = "web", minutes: float = 120
    ) -> None:
        """Check in these passengers, or all, so long before departure."""
        self.before_departure(minutes)
        self.airline.submit(CheckIn(self.booking_id, 0, passengers or None, channel=channel))

    def undo_check_in(self) -> None:
        """Undo the check-in of all."""
        self.airline.submit(UndoCheckIn(self.booking_id, 0, None, at_gate=False))

    def depart(self, segment: int, *, close: bool = True) -> None:
        """Let a flight leave, and close it for the booking."""
        departs_at = self.airline.flight(self.flights[segment]).departs_at
        self.airline.clock.now = departs_at
        self.airline.submit(DepartFlight(self.flights[segment], departs_at))
        if close:
            self.close(segment)

    def close(self, segment: int) -> None:
        """Close a flight that has left for the booking."""
        self.airline.submit(CloseFlight(self.booking_id, self.flights[segment]))

    def before_departure(self, minutes: float) -> None:
        """Move the clock to so long before the first flight leaves."""
        departs_at = self.airline.flight(self.flights[0]).departs_at
        self.airline.clock.now = departs_at - dt.timedelta(minutes=minutes)
