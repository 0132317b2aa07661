"""Identity over a real database, with cheap passwords and a clock that is told the time."""

import datetime as dt
import os
import secrets
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from application.identity import log_in, register_user
from application.identity.log_in import SignedIn
from application.identity.open_session import Device
from application.identity.refresh_session import RefreshSession, refresh_session
from application.identity.session_ports import SessionPorts, SessionTokens
from domain.identity.roles import Role
from infrastructure.identity import passwords, tokens
from infrastructure.identity.ended_sessions import PostgresEndedSessions
from infrastructure.identity.session_secrets import KeyedSessionSecrets
from infrastructure.identity.sessions import PostgresSessions
from infrastructure.identity.sign_in_places import KeyedSignInPlaces
from infrastructure.identity.user_directory import PostgresUserDirectory
from infrastructure.postgres import pool as pools
from infrastructure.sealing import master_key
from infrastructure.sealing.blind_index import EmailIndex
from infrastructure.sealing.vault import SubjectVault

HOME = "198.51.100.7"
CHEAP = passwords.Cost(time_cost=1, memory_kib=8, parallelism=1)


class Identity:
    """Everything that registering and signing in needs."""

    def __init__(self, dsn: str, pool: pools.Pool, keys: master_key.MasterKeys) -> None:
        self.now = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
        self.pool = pool
        self.lookup = EmailIndex(keys)
        self.vault = SubjectVault(pool, keys, monotonic=time.monotonic, time_ns=time.time_ns)
        self.directory = PostgresUserDirectory(pool)
        self.hasher = passwords.Argon2PasswordHasher(cost=CHEAP, threads=2)
        self.tokens = tokens.Es256Tokens(
            tokens.parse_keys(tokens.generated()),
            issuer="https://airline.example",
            audience="ais",
            now=lambda: self.now.timestamp(),
            token_id=lambda: uuid.uuid4().hex,
        )
        self.registration = register_user.RegistrationPorts(
            directory=self.directory,
            hasher=self.hasher,
            vault=self.vault,
            email_lookup=self.lookup,
            new_user_id=lambda: f"usr_{uuid.uuid4().hex}",
            now=lambda: self.now,
        )
        places = KeyedSignInPlaces(keys)
        self.ended = PostgresEndedSessions(dsn, pool, monotonic=time.monotonic)
        self.sessions = SessionPorts(
            sessions=PostgresSessions(pool),
            secrets=KeyedSessionSecrets(keys),
            ended=self.ended,
            issuer=self.tokens,
            places=places,
            vault=self.vault,
            new_session_id=lambda: f"ses_{secrets.token_hex(12)}",
            random_bytes=os.urandom,
            now=lambda: self.now,
        )
        self.login = log_in.LoginPorts(
            directory=self.directory,
            hasher=self.hasher,
            email_lookup=self.lookup,
            places=places,
            sessions=self.sessions,
            now=lambda: self.now,
        )

    async def register(self, email: str, password: str, role: Role = "customer") -> None:
        """Register through the use case."""
        command = register_user.RegisterUser(email, password, role)
        await register_user.register_user(command, self.registration)

    async def log_in(self, email: str, password: str, **where: str) -> str:
        """The access token; raises CredentialsRefused."""
        return (await self.signed_in(email, password, **where)).tokens.access_token

    async def signed_in(
        self,
        email: str,
        password: str,
        *,
        address: str = HOME,
        device: str | None = None,
        user_agent: str = "",
    ) -> SignedIn:
        """The sign-in from a network address, with a device's token; raises CredentialsRefused."""
        where = Device("mobile", address, user_agent)
        return await log_in.log_in(log_in.LogIn(email, password, where, device), self.login)

    async def refresh(self, token: str, *, address: str = HOME) -> SessionTokens:
        """The next tokens; raises RefreshRefused."""
        return await refresh_session(RefreshSession(token, address), self.sessions)


@asynccontextmanager
async def opened(dsn: str, keys: str | None = None) -> AsyncIterator[Identity]:
    """Identity over a pool of the application role; `keys` as `AIS_MASTER_KEY`."""
    pool = pools.make_pool(dsn, max_size=4)
    await pool.open()
    identity = Identity(dsn, pool, master_key.parse(keys or master_key.generated()))
    try:
        yield identity
    finally:
        identity.hasher.close()
        await pool.close()
