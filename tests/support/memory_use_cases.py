"""Use cases of bookings over the airline in memory, with a vault that really seals."""

import datetime as dt
import os
import uuid
from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from application import ports
from application.booking.create_booking import WantedBooking, create_booking
from application.booking.ports import BookingPorts
from application.booking.travellers import Traveller
from application.booking.unpaid_seats import UnpaidSeatLimits, UnpaidSeats, UnpaidWindow
from application.caller import Caller
from application.commands.stream_kinds import StreamKind
from application.identity.ports import Principal
from application.policies.current_policies import CurrentPolicies
from application.pricing.signed_quotes import QuoteSigner
from domain.identity.roles import Role
from domain.kernel.fold import fold
from domain.kernel.sealed import Sealed
from domain.pricing.price import PassengerType
from infrastructure.airports.world import load_airports
from infrastructure.event_store import codec
from tests.support.airline import AIRLINE
from tests.support.memory_airline import MemoryAirline
from tests.support.memory_log import NO_DEADLINE
from tests.support.memory_processes import MemoryBus

CUSTOMER = Principal("user_1", "customer")


class MemoryVault:
    """`application.ports.Vault`; like the real one it seals only for keys that it has open."""

    def __init__(self) -> None:
        self._keys: dict[str, bytes] = {}
        self._open: set[str] = set()

    def new_subject(self) -> tuple[str, ports.WrappedKey]:
        """A subject, and its key as it is stored."""
        subject = "sub_" + os.urandom(13).hex()
        self._keys[subject] = os.urandom(32)
        self._open.add(subject)
        return subject, ports.WrappedKey(subject, os.urandom(60))

    def seal(self, subject: str, plaintext: bytes) -> Sealed:
        """Ciphertext, nonce first."""
        assert subject in self._open, "the key is not open"
        nonce = os.urandom(12)
        return Sealed(subject, nonce + AESGCM(self._keys[subject]).encrypt(nonce, plaintext, None))

    async def open_all(self, boxes: Sequence[Sealed]) -> list[bytes | None]:
        """Plaintexts; None where the subject was erased."""
        self._open |= {box.subject for box in boxes} & self._keys.keys()
        return [
            None
            if box.subject not in self._keys
            else AESGCM(self._keys[box.subject]).decrypt(box.box[:12], box.box[12:], None)
            for box in boxes
        ]

    def close(self) -> None:
        """Close all keys, as time or another process does."""
        self._open.clear()

    def erase(self, subject: str) -> None:
        """Destroy a key."""
        del self._keys[subject]
        self._open.discard(subject)


class MemoryHistory:
    """`StreamHistory` on the log of an airline."""

    def __init__(self, airline: MemoryAirline) -> None:
        self._streams = airline.log.streams

    async def as_of(self, kind: StreamKind[Any], stream: str, version: int) -> Any:
        """The state at this version."""
        return fold(kind.evolve, None, [each.event for each in self._streams[stream][:version]])

    async def events_of(self, stream: str) -> list[ports.RecordedEvent]:
        """All of a stream."""
        return list(self._streams.get(stream, ()))


BIRTH_DATES = {"CHD": dt.date(2018, 5, 1), "INF": dt.date(2026, 2, 1)}


class UncountedSeats:
    """Windows in which any number of seats has room."""

    async def take_many(self, name: UnpaidWindow, client: str, count: int) -> float:
        """Nothing to wait for."""
        return 0.0

    def release(self, name: UnpaidWindow, client: str, count: int) -> None:
        """Nothing was counted."""


def unlimited_seats() -> UnpaidSeats:
    """Limits that no test reaches."""
    return UnpaidSeats(UnpaidSeatLimits(10**6, 10**6, 10**6), UncountedSeats())


class MemoryUseCases:
    """Where callers of every role ask for something."""

    def __init__(self) -> None:
        self.airline = MemoryAirline()
        self.vault = MemoryVault()
        bus = MemoryBus(self.airline)
        absent: Any = None
        self.ports = BookingPorts(
            bus=bus,
            history=MemoryHistory(self.airline),
            vault=self.vault,
            quotes=QuoteSigner(b"key"),
            stock=bus.stock,
            clock=self.airline.clock,
            airline_code=AIRLINE,
            airline_name="Rimal Air",
            airports=load_airports(),
            policies=CurrentPolicies(bus, self.airline.clock),
            collector=absent,
            boarding_passes=absent,
            calendar_files=absent,
            list_bookings=absent,
            unpaid_seats=unlimited_seats(),
            saved_passengers=absent,
        )

    def caller(self, role: Role = "customer") -> Caller:
        """A caller who asks for something new."""
        principal = CUSTOMER if role == "customer" else Principal(f"user_{role}", role)
        return Caller(principal, uuid.uuid4(), b"", uuid.uuid4().hex, NO_DEADLINE)

    async def ticketed(self, flight: str, *party: PassengerType) -> str:
        """A booking of the customer with sealed names, paid and confirmed; its stream."""
        travellers = [
            Traveller("Noura", "Harbi", each, BIRTH_DATES.get(each)) for each in party or ("ADT",)
        ]
        wanted = WantedBooking(travellers, "noura@example.com", None, flight, None)
        details = await create_booking(self.ports, self.caller(), wanted)
        self.airline.pay(details.booking_id)
        self.airline.confirm(details.booking_id)
        return details.booking_id

    def stored(self) -> bytes:
        """All events of the log as they are stored, and the background tasks."""
        events = [codec.encode(each.event) for each in self.airline.log.events]
        return b"\n".join([*events, *(repr(each).encode() for each in self.airline.log.outbox)])
