"""Builds what registering, signing in and sessions run on, for the web role."""

import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec

from application.identity import log_in, register_user
from application.identity.session_ports import SessionPorts
from infrastructure.identity import passwords, tokens
from infrastructure.identity.ended_sessions import PostgresEndedSessions
from infrastructure.identity.security_record import PostgresSecurityRecord
from infrastructure.identity.session_secrets import KeyedSessionSecrets
from infrastructure.identity.sign_in_places import KeyedSignInPlaces
from infrastructure.identity.user_directory import PostgresUserDirectory
from infrastructure.sealing.blind_index import EmailIndex
from interfaces.composition import Core, utc_now
from interfaces.settings import Settings

PASSWORD_THREADS = 2
TOKEN_AUDIENCE = "ais-api"  # noqa: S105 - a name, not a secret


class IdentityPorts(msgspec.Struct, frozen=True):
    """How users come in, and how long they stay."""

    issuer: tokens.Es256Tokens
    registration: register_user.RegistrationPorts
    login: log_in.LoginPorts
    sessions: SessionPorts
    record: PostgresSecurityRecord


@asynccontextmanager
async def open_identity(core: Core) -> AsyncIterator[IdentityPorts]:
    """Start the threads of passwords and the list of ended sessions; end them on exit."""
    keys = core.keys
    async with AsyncExitStack() as stack:
        hasher = passwords.Argon2PasswordHasher(
            cost=passwords.PRODUCTION_COST, threads=PASSWORD_THREADS
        )
        stack.callback(hasher.close)
        ended = PostgresEndedSessions(
            core.settings.database_url, core.pool, monotonic=time.monotonic
        )
        ended.start()
        stack.push_async_callback(ended.close)
        places = KeyedSignInPlaces(keys)
        record = PostgresSecurityRecord(core.pool, places, now=utc_now)
        stack.push_async_callback(record.close)
        issuer = _issuer(core.settings)
        directory = PostgresUserDirectory(core.pool)
        sessions = SessionPorts(
            sessions=core.sessions,
            secrets=KeyedSessionSecrets(keys),
            ended=ended,
            issuer=issuer,
            places=places,
            vault=core.vault,
            new_session_id=lambda: f"ses_{secrets.token_hex(12)}",
            random_bytes=os.urandom,
            now=utc_now,
        )
        registration = register_user.RegistrationPorts(
            directory=directory,
            hasher=hasher,
            vault=core.vault,
            email_lookup=EmailIndex(keys),
            new_user_id=lambda: f"user_{secrets.token_hex(12)}",
            now=utc_now,
        )
        login = log_in.LoginPorts(
            directory=directory,
            hasher=hasher,
            email_lookup=EmailIndex(keys),
            places=places,
            sessions=sessions,
            now=utc_now,
        )
        yield IdentityPorts(issuer, registration, login, sessions, record)


def _issuer(settings: Settings) -> tokens.Es256Tokens:
    return tokens.Es256Tokens(
        tokens.parse_keys(settings.token_key.reveal()),
        issuer=settings.public_url,
        audience=TOKEN_AUDIENCE,
        now=time.time,
        token_id=lambda: secrets.token_urlsafe(16),
    )
