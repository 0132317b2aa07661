"""The HTTP application: routes, request class, error handlers, and the middleware.

A context adds its routes by one line in `ROUTES`. A route decodes a wire struct, calls a use case
with `request.ports`, and returns a wire struct; `auth` declares who may use it, `idempotency` makes
the command id.
"""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence

from litestar import Litestar
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.routes import BaseRoute, HTTPRoute
from litestar.types import (
    HTTPScope,
    LifeSpanReceive,
    LifeSpanScope,
    LifeSpanSend,
    Receive,
    Scope,
    Send,
)

from application import metrics, read_positions, telemetry
from interfaces.http import (
    account,
    account_pages,
    answers,
    audit,
    audit_actions,
    audit_stream,
    boarding_passes,
    booking,
    booking_search,
    books,
    cancellation,
    changes,
    check_in,
    checkout,
    claims,
    clients,
    compression,
    consent_page,
    correlation,
    credits,
    cross_origin,
    disputes,
    disruption,
    division,
    docs_page,
    documents,
    ending,
    external_refunds,
    extras,
    extras_sale,
    factor_resets,
    flight_lists,
    flights,
    gift_cards,
    guests,
    health,
    identity,
    ledger,
    maintenance,
    manifest,
    modes,
    modification,
    network,
    oauth,
    passwords,
    pay_with_credit,
    periods,
    policies,
    policy_preview,
    privacy,
    problems,
    read_position,
    reconciliation,
    refund,
    request_target,
    return_page,
    saved_passengers,
    schedule,
    search,
    seats,
    second_factor,
    security_events,
    security_headers,
    sessions,
    settlement,
    sign_in,
    staff,
    stripe_events,
    stripe_webhook,
    subscriptions,
    tax_documents,
    worklists,
)
from interfaces.http.answers import Answered
from interfaces.http.openapi import document
from interfaces.http.openapi.plugin import DocumentPlugin
from interfaces.http.ports import HttpPorts
from interfaces.http.strict_request import BODY_LIMIT_BYTES, StrictRequest

ROUTES = (
    *identity.ROUTES,
    *sign_in.ROUTES,
    *sessions.ROUTES,
    *privacy.ROUTES,
    *saved_passengers.ROUTES,
    *account.ROUTES,
    *passwords.ROUTES,
    *second_factor.ROUTES,
    *factor_resets.ROUTES,
    *staff.ROUTES,
    *clients.ROUTES,
    *consent_page.ROUTES,
    *oauth.ROUTES,
    *subscriptions.ROUTES,
    *search.ROUTES,
    *network.ROUTES,
    *extras.ROUTES,
    *booking.ROUTES,
    *guests.ROUTES,
    *changes.ROUTES,
    *booking_search.ROUTES,
    *checkout.ROUTES,
    *pay_with_credit.ROUTES,
    *stripe_webhook.ROUTES,
    *stripe_events.ROUTES,
    *cancellation.ROUTES,
    *modification.ROUTES,
    *extras_sale.ROUTES,
    *seats.ROUTES,
    *documents.ROUTES,
    *check_in.ROUTES,
    *boarding_passes.ROUTES,
    *disruption.ROUTES,
    *division.ROUTES,
    *refund.ROUTES,
    *claims.ROUTES,
    *credits.ROUTES,
    *gift_cards.ROUTES,
    *disputes.ROUTES,
    *external_refunds.ROUTES,
    *tax_documents.ROUTES,
    *manifest.ROUTES,
    *flights.ROUTES,
    *flight_lists.ROUTES,
    *ledger.ROUTES,
    *books.ROUTES,
    *periods.ROUTES,
    *policies.ROUTES,
    *policy_preview.ROUTES,
    *schedule.ROUTES,
    *settlement.ROUTES,
    *reconciliation.ROUTES,
    *audit.ROUTES,
    *audit_actions.ROUTES,
    *audit_stream.ROUTES,
    *worklists.ROUTES,
    *modes.ROUTES,
    *return_page.ROUTES,
    *account_pages.ROUTES,
    *health.ROUTES,
    *docs_page.ROUTES,
)


# The route of a request that no route takes.
UNROUTED = "none"
# Of no answer, where the client left, and of the five classes.
_STATUS_CLASSES = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")

logger = logging.getLogger(__name__)


class EdgeApp(Litestar):
    """Litestar inside the one layer of `correlation`; `ports` is what handlers call."""

    ports: HttpPorts
    # The value of `Allow` by path template.
    allowed: Mapping[str, str]
    # What is served during maintenance.
    served: maintenance.Served
    # Whether any route is deprecated.
    has_endings: bool

    async def __call__(
        self,
        scope: Scope | LifeSpanScope,
        receive: Receive | LifeSpanReceive,
        send: Send | LifeSpanSend,
    ) -> None:
        """One request: its correlation id, its headers within bounds, then the framework."""
        if scope["type"] == ScopeType.HTTP:
            await self._serve(scope, receive, send)  # type: ignore[arg-type]  # by its type
        else:
            await super().__call__(scope, receive, send)

    async def _serve(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """One request as a step; a traced one is a line of the log, too."""
        exchange = correlation.opened(scope)
        began = time.perf_counter()
        work = telemetry.begun(exchange.correlation_id, "request")
        reading = read_position.opened(scope, exchange)
        with (
            read_positions.carrying(reading),
            telemetry.carrying(work),
            telemetry.span("request", method=scope["method"]) as step,
        ):
            route = await self._answer(scope, receive, send, exchange)
            if step is not None:
                step.note(route=route, status=exchange.status)
                logger.info("%s %s: %d", scope["method"], route, exchange.status)
        status = _STATUS_CLASSES[exchange.status // 100]
        metrics.REQUEST_SECONDS.record(
            time.perf_counter() - began, self.ports.carrier, route, status
        )

    async def _answer(
        self, scope: HTTPScope, receive: Receive, send: Send, exchange: correlation.Exchange
    ) -> str:
        """Answer; return the route, which is known once the framework has chosen it."""
        origins = self.ports.cors_origins
        over_https = self.ports.secure_cookies
        tagged = correlation.tagging(
            send,
            exchange,
            (
                *security_headers.security_headers(over_https=over_https),
                *cross_origin.headers_for(exchange, origins),
            ),
        )
        tagged = read_position.noting(tagged, exchange.reading, self.ports.last_writes)
        if scope["method"] == "HEAD":
            # RFC 9110, 9.3.2: what GET would answer, without its content. The server's own scope
            # stays as it is: it must not wait for content.
            scope, tagged = {**scope, "method": "GET"}, answers.without_content(tagged)
            exchange.is_head = True
        elif scope["method"] == "OPTIONS":
            tagged = answers.allowing(
                tagged,
                lambda: self.allowed.get(str(scope.get("path_template"))),
                lambda methods: cross_origin.preflight_headers(exchange, origins, methods),
            )
        try:
            problem = _refused(scope, exchange) or maintenance.refusal(
                scope, self.served, self.ports
            )
            if problem is None:
                if self.has_endings:
                    tagged = ending.announcing(tagged, scope)
                compressing = compression.compressing(tagged, scope, exchange)
                await super().__call__(scope, receive, compressing)
                return str(scope.get("path_template", UNROUTED))
        except Exception as error:
            # The server would answer in words of its own. An answer that has begun can only break.
            if exchange.has_begun:
                raise
            problem = problems.as_problem(error, StrictRequest(scope, receive, tagged))
        scope["litestar_app"] = self
        request = StrictRequest(scope, receive, tagged)
        answer = problems.rendered(problem, request).to_asgi_response(None, request)
        await answer(scope, receive, tagged)
        return str(scope.get("path_template", UNROUTED))


def create_app(ports: HttpPorts, *, routes: Sequence[HTTPRouteHandler] = ROUTES) -> EdgeApp:
    """The application over these ports; opens nothing by itself.

    Serve it with uvicorn's `proxy_headers=False`: otherwise the server itself believes
    `X-Forwarded-For` from loopback, and the limits count what a client wrote.
    """
    app = EdgeApp(
        route_handlers=list(routes),
        request_class=StrictRequest,
        response_class=Answered,
        exception_handlers={Exception: security_events.answer},
        request_max_body_size=BODY_LIMIT_BYTES,
        openapi_config=OpenAPIConfig(
            title=document.TITLE,
            version=document.VERSION,
            path="/schema",
            render_plugins=[DocumentPlugin()],
        ),
        logging_config=None,
    )
    app.ports = ports
    app.allowed = _allowed(app.routes)
    app.served = maintenance.served_paths(routes)
    app.has_endings = any(map(ending.ending_of, routes))
    return app


def _allowed(routes: Iterable[BaseRoute]) -> dict[str, str]:
    methods: dict[str, set[str]] = {}
    for route in routes:
        if isinstance(route, HTTPRoute):
            methods.setdefault(route.path_format, set()).update(route.methods)
    return {path: answers.with_head(", ".join(found)) for path, found in methods.items()}


def _refused(scope: Scope, exchange: correlation.Exchange) -> problems.Problem | None:
    if problems.REFUSAL in scope:
        refusal: problems.Problem = scope[problems.REFUSAL]  # type: ignore[literal-required]
        return refusal
    if correlation.headers_too_large(scope):
        return problems.Problem("HEADERS_TOO_LARGE")
    repeated = correlation.repeated_header(scope, exchange)
    if repeated is not None:
        return problems.invalid(repeated, "given more than once")
    return request_target.refusal(scope)
