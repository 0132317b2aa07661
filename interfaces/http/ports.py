"""What the routes call: use cases and ports, never adapters."""

from collections.abc import Awaitable, Callable, Mapping

import msgspec

from application.booking.ports import BookingPorts
from application.identity.log_in import LogIn
from application.identity.ports import SecurityRecord, SignedIn, TokenVerifier
from application.identity.register_user import RegisterUser
from application.inventory.ports import FlightPorts
from application.ledger.ports import LedgerPorts
from application.payment.receive_event import EventReceiver
from application.payment.replay_event import ParkedEvents
from application.pricing.ports import PricingPorts
from interfaces.http.rate_limit import Network, RateLimiter

Readiness = Callable[[], Awaitable[Mapping[str, str]]]
"""State of each component by name: `up` or what is wrong. Nothing works without `database`."""


class HttpPorts(msgspec.Struct, frozen=True):
    """Built by the composition; a new route adds the use case that it calls."""

    register_user: Callable[[RegisterUser], Awaitable[None]]
    log_in: Callable[[LogIn], Awaitable[SignedIn]]
    verifier: TokenVerifier
    security_record: SecurityRecord
    limiter: RateLimiter
    readiness: Readiness
    fingerprint_key: bytes
    booking: BookingPorts
    flights: FlightPorts
    pricing: PricingPorts
    ledger: LedgerPorts
    receiver: EventReceiver
    parked_events: ParkedEvents
    # Those of the whole process.
    roles: tuple[str, ...] = ("web",)
    trusted_proxies: tuple[Network, ...] = ()
    secure_cookies: bool = True
