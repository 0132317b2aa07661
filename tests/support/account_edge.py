"""The HTTP edge over the identity of a real database: accounts as clients see them."""

import time
from typing import Any

import httpx

from application.audit.ports import AuditPorts
from application.identity import log_in, register_user
from application.identity.log_in import LogIn, SecondFactorAsked, SignedIn
from application.identity.register_user import RegisterUser
from application.rate_limit import Limit
from interfaces.http.rate_limit import RateLimiter
from tests.support.http_client import (
    GENEROUS,
    AskedQuestions,
    NotedAttempts,
    application,
    http_ports,
)
from tests.support.identity import Identity


def client_of(
    identity: Identity,
    *,
    authentication: int = 1_000_000,
    second_factor_required: bool = False,
    **ports: Any,
) -> httpx.AsyncClient:
    """A client to be entered; `authentication` is how many requests that limit admits."""

    async def register(command: RegisterUser) -> None:
        await register_user.register_user(command, identity.registration)

    async def sign_in(command: LogIn) -> SignedIn | SecondFactorAsked:
        return await log_in.log_in(command, identity.login)

    limits = {**GENEROUS, "authentication": Limit(authentication, 900)}
    made = http_ports(
        register_user=register,
        log_in=sign_in,
        sessions=identity.sessions,
        accounts=identity.accounts,
        second_factor_required=second_factor_required,
        verifier=identity.tokens,
        security_record=NotedAttempts(),
        # What an auditor asks is recorded first; no test here reads the rest of the audit.
        audit=AuditPorts(
            log=None,  # type: ignore[arg-type]
            appends=None,  # type: ignore[arg-type]
            actions=None,  # type: ignore[arg-type]
            record=AskedQuestions(),
            signer=None,  # type: ignore[arg-type]
            clock=lambda: identity.now,
        ),
        limiter=RateLimiter(limits, None, monotonic=time.monotonic),  # type: ignore[arg-type]  # literal keys
        **ports,
    )
    # In the event loop of the test, to which the connections of the database belong.
    transport = httpx.ASGITransport(application(made), raise_app_exceptions=False)  # type: ignore[arg-type]  # plain ASGI
    return httpx.AsyncClient(transport=transport, base_url="https://airline.example")
