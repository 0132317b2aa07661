"""What the routes call: use cases and ports, never adapters."""

from collections.abc import Awaitable, Callable, Mapping

import msgspec

from application.audit.ports import AuditPorts
from application.booking.answer_dispute import DisputePorts
from application.booking.attach_booking import GuestPorts
from application.booking.find_bookings import SearchPorts
from application.booking.list_changes import ListChanges
from application.booking.ports import BookingPorts
from application.booking.saved_passengers import SavedPassengerPorts
from application.credit.ports import CreditPorts
from application.identity.account_ports import AccountPorts
from application.identity.client_ports import ClientPorts
from application.identity.log_in import LogIn, SecondFactorAsked, SignedIn
from application.identity.ports import SecurityRecord, TokenVerifier
from application.identity.register_user import RegisterUser
from application.identity.session_ports import SessionPorts
from application.inventory.ports import FlightPorts
from application.inventory.season_ports import SeasonPorts
from application.invoicing.ports import InvoicingPorts
from application.ledger.ports import LedgerPorts
from application.modes.ports import ModePorts
from application.partners.ports import SubscriptionPorts
from application.payment.read_events import StoredEventReader
from application.payment.receive_event import EventReceiver
from application.payment.replay_event import ParkedEvents
from application.policies.ports import PolicyPorts
from application.pricing.ports import PricingPorts
from application.privacy.ports import PrivacyPorts
from application.read_positions import LastWrites
from application.reconciliation.ports import ReconciliationPorts
from application.settlement.ports import SettlementPorts
from interfaces.http.rate_limit import Network, RateLimiter

Readiness = Callable[[], Awaitable[Mapping[str, str]]]
"""State of each component by name: `up` or what is wrong. Nothing works without `database`."""


class HttpPorts(msgspec.Struct, frozen=True):
    """Built by the composition; a new route adds the use case that it calls."""

    register_user: Callable[[RegisterUser], Awaitable[None]]
    log_in: Callable[[LogIn], Awaitable[SignedIn | SecondFactorAsked]]
    sessions: SessionPorts
    privacy: PrivacyPorts
    passengers: SavedPassengerPorts
    accounts: AccountPorts
    clients: ClientPorts
    verifier: TokenVerifier
    security_record: SecurityRecord
    limiter: RateLimiter
    guests: GuestPorts
    booking_search: SearchPorts
    list_changes: ListChanges
    readiness: Readiness
    fingerprint_key: bytes
    # Whether roles that need a second factor can do nothing without one.
    second_factor_required: bool
    booking: BookingPorts
    credit: CreditPorts
    flights: FlightPorts
    pricing: PricingPorts
    ledger: LedgerPorts
    settlement: SettlementPorts
    reconciliation: ReconciliationPorts
    disputes: DisputePorts
    invoicing: InvoicingPorts
    audit: AuditPorts
    partners: SubscriptionPorts
    modes: ModePorts
    policies: PolicyPorts
    seasons: SeasonPorts
    receiver: EventReceiver
    parked_events: ParkedEvents
    stripe_events: StoredEventReader
    # What users wrote, where lists are read from a replica that may lack it.
    last_writes: LastWrites | None = None
    # Whose requests these are, in metrics.
    carrier: str = ""
    # Those of the whole process.
    roles: tuple[str, ...] = ("web",)
    trusted_proxies: tuple[Network, ...] = ()
    secure_cookies: bool = True
    # Whose scripts may read answers; as browsers send them.
    cors_origins: frozenset[bytes] = frozenset()
    # Where the page after a payment may lead back to, by name; `{booking}` is the reference.
    return_to: Mapping[str, str] = {}
    # What opens the app on a page of an account: `{page}` and `{token}` are of the mailed link.
    app_url: str | None = None
