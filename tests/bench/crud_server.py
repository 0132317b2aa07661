"""A web process of the CRUD reference: the product's edge, with hand-written routes.

`python -m tests.bench.crud_server DESCRIPTOR` serves the listening socket that it inherits, which
several processes share; configured by AIS_* like any other.
"""

import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import uvloop
from litestar import post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from application.payment import gateway
from application.pricing.signed_quotes import QuoteSigner
from domain.kernel import money
from domain.pricing import rules as pricing_rules
from domain.pricing.price import lines
from infrastructure.stripe import webhook
from infrastructure.stripe.gateway import StripePaymentGateway
from interfaces import settings
from interfaces.composition import STRIPE_TIMEOUT_SECONDS, Core, utc_now
from interfaces.http import auth, booking, health, idempotency, identity, wire
from interfaces.http.app import EdgeApp, create_app
from interfaces.http.checkout import CheckoutRequest, CheckoutResponse
from interfaces.http.ports import HttpPorts
from interfaces.http.search import FlightResponse, QuoteRequest, QuoteResponse, SearchRequest
from interfaces.http.strict_request import StrictRequest
from interfaces.http.stripe_webhook import WEBHOOK_LIMIT_BYTES, ReceivedResponse
from tests.bench.crud_sales import CrudSales, FoundFlight, Paid
from tests.bench.reserve_reference import CrudBus
from tests.bench.reserve_server import ReferenceServer
from tests.support import launch_prices
from tests.support.stripe_simulator import UNLIMITED


class FoundResponse(msgspec.Struct):
    """In order of departure."""

    flights: list[FlightResponse]


class _Intent(msgspec.Struct, frozen=True):
    """What the reference reads of a signed payment intent."""

    id: str
    amount_received: int
    currency: str
    latest_charge: str | None


class CrudServer(ReferenceServer):
    """The reference of `bench reserve`, with its own routes for the other steps of a sale."""

    @asynccontextmanager
    async def application(self, core: Core) -> AsyncIterator[EdgeApp]:
        """Yield the HTTP application, with a client of Stripe."""
        self.payments = StripePaymentGateway(
            api_key=core.settings.stripe_api_key.reveal(),
            base_url=core.settings.stripe_base_url,
            timeout_seconds=STRIPE_TIMEOUT_SECONDS,
            limits=UNLIMITED,
        )
        async with super().application(core) as app:
            yield app
        await self.payments.close()

    def app(self, core: Core, bus: CrudBus, ports: HttpPorts) -> EdgeApp:
        """Return the product's sign-in and booking, and the reference's other steps."""
        sales = CrudSales(bus.pool, self.payments, QuoteSigner(core.keys.derive("quotes")))
        secrets = tuple(each.reveal() for each in core.settings.stripe_webhook_secrets)
        routes = (
            *identity.ROUTES,
            booking.create_booking,
            *health.ROUTES,
            _search(sales),
            _quote(sales),
            _checkout(sales),
            _stripe_webhook(sales, secrets),
        )
        return create_app(ports, routes=routes)


def _search(sales: CrudSales) -> HTTPRouteHandler:
    @post("/api/flights/search", status_code=200, **auth.open_to_all())
    async def search(request: StrictRequest, data: JSONBody[SearchRequest]) -> FoundResponse:
        """Find departures."""
        found = await sales.search(
            origin=data.origin,
            destination=data.destination,
            day=data.date,
            cabin=wire.CABIN_CODES[data.cabin],
            seats=data.passengers,
        )
        return FoundResponse([_flight(each, data.cabin) for each in found])

    return search


def _flight(found: FoundFlight, cabin: wire.CabinName) -> FlightResponse:
    fare = launch_prices.segment_fare(money.Money(found.fare, found.currency), found.domestic)
    price = pricing_rules.price_journey(segments=(fare,), passengers=("ADT",)).total()
    return FlightResponse(
        id=found.flight,
        flight_number=found.number,
        origin=found.origin,
        destination=found.destination,
        departure_time=found.departs_at,
        arrival_time=found.arrives_at,
        price=price.amount,
        currency=price.currency,
        available_seats=found.free,
        cabin=cabin,
    )


def _quote(sales: CrudSales) -> HTTPRouteHandler:
    @post("/api/quotes", status_code=201, **auth.open_to_all())
    async def quote(request: StrictRequest, data: JSONBody[QuoteRequest]) -> QuoteResponse:
        """Price a journey of one flight."""
        (flight,) = data.flight_ids
        passengers = tuple(each.type for each in data.passengers)
        quote_id, quoted = await sales.quote(
            flight=flight, cabin=wire.CABIN_CODES[data.cabin], passengers=passengers
        )
        return QuoteResponse(
            quote_id=quote_id,
            total=wire.money_response(quoted.price.total()),
            lines=[
                wire.PriceLineResponse(*msgspec.structs.astuple(each))
                for each in lines(quoted.price, passengers)
            ],
            fare_classes=[each.fare_class for each in quoted.segments],
            segments=[],
            valid_until=quoted.valid_until,
        )

    return quote


def _checkout(sales: CrudSales) -> HTTPRouteHandler:
    @post(
        "/api/bookings/{booking_id:str}/checkout",
        status_code=200,
        **auth.signed_in("book", "payment"),
    )
    async def checkout(request: StrictRequest, booking_id: FromPath[str]) -> CheckoutResponse:
        """Open a Checkout session."""
        body = await request.optional_json(CheckoutRequest)
        opened = await sales.open_checkout(idempotency.required(request, body), booking_id)
        return CheckoutResponse(
            payment_id=opened.payment_id,
            checkout_url=opened.url,
            session_id=opened.session_id,
            expires_at=opened.expires_at,
        )

    return checkout


def _stripe_webhook(sales: CrudSales, secrets: tuple[str, ...]) -> HTTPRouteHandler:
    @post("/api/webhooks/stripe", status_code=200, request_max_body_size=WEBHOOK_LIMIT_BYTES)
    async def receive(request: StrictRequest) -> ReceivedResponse:
        """Fulfil what was paid, then answer.

        A session is retrieved from Stripe (https://docs.stripe.com/checkout/fulfillment); an
        intent that succeeded is taken from the signed event.
        """
        body = await request.raw(limit_bytes=WEBHOOK_LIMIT_BYTES)
        signature = (request.header(b"stripe-signature") or b"").decode("latin-1")
        event = webhook.verify(body, signature, secrets, utc_now(), livemode=False)
        paid = None
        if event.type == "checkout.session.completed" and event.object_id is not None:
            paid = await sales.session_paid(event.object_id)
        elif event.type == "payment_intent.succeeded":
            paid = paid_of(event)
        done = paid is not None and await sales.fulfil(event, paid)
        return ReceivedResponse(received=True, duplicate=not done)

    return receive


def paid_of(event: gateway.VerifiedEvent) -> Paid:
    """Return the payment that a signed intent states."""
    intent = msgspec.json.decode(event.content, type=_Intent)
    assert event.booking is not None
    assert event.payment is not None
    return Paid(
        booking=event.booking,
        payment=event.payment,
        intent=intent.id,
        charge=intent.latest_charge,
        amount=money.Money(intent.amount_received, intent.currency.upper()),
    )


def main() -> None:
    """Serve until SIGTERM."""
    listener = socket.socket(fileno=int(sys.argv[1]))
    server = CrudServer(settings.load(os.environ), port=0)
    uvloop.run(server.serve(sockets=[listener]))


if __name__ == "__main__":
    main()
