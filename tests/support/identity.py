"""Identity over a real database, with cheap passwords and a clock that is told the time."""

import datetime as dt
import os
import re
import secrets
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from application.identity import log_in, register_user
from application.identity.account_ports import AccountPorts, LinkPorts
from application.identity.client_ports import ClientPorts
from application.identity.log_in import SignedIn
from application.identity.open_session import Device
from application.identity.refresh_session import RefreshSession, refresh_session
from application.identity.send_account_letter import AccountLetterSender
from application.identity.session_ports import SessionPorts, SessionTokens
from application.mail import Letter
from domain.identity.roles import Role
from infrastructure.identity import passwords, tokens
from infrastructure.identity.account_emails import PostgresEmails
from infrastructure.identity.account_notices import PostgresNotices
from infrastructure.identity.account_passwords import PostgresPasswords
from infrastructure.identity.authorizations import PostgresAuthorizations
from infrastructure.identity.client_secrets import KeyedClientSecrets
from infrastructure.identity.clients import PostgresClients
from infrastructure.identity.ended_sessions import PostgresEndedSessions
from infrastructure.identity.factor_resets import PostgresFactorResets
from infrastructure.identity.guessed_passwords import is_common
from infrastructure.identity.link_secrets import KeyedLinkSecrets
from infrastructure.identity.mailed_links import PostgresMailedLinks
from infrastructure.identity.one_time_codes import AuthenticatorCodes
from infrastructure.identity.second_factors import PostgresSecondFactors
from infrastructure.identity.session_secrets import KeyedSessionSecrets
from infrastructure.identity.sessions import PostgresSessions
from infrastructure.identity.sign_in_places import KeyedSignInPlaces
from infrastructure.identity.staff_accounts import PostgresStaffAccounts
from infrastructure.identity.user_directory import PostgresUserDirectory
from infrastructure.oauth.protocol import AuthlibProtocol
from infrastructure.postgres import pool as pools
from infrastructure.sealing import master_key
from infrastructure.sealing.blind_index import EmailIndex
from infrastructure.sealing.vault import SubjectVault

ISSUER = "https://airline.example"
HOME = "198.51.100.7"
CHEAP = passwords.Cost(time_cost=1, memory_kib=8, parallelism=1)


class MemoryMailbox:
    """`application.mail.Mailer` that keeps letters, the last one last."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    async def send(self, letter: Letter) -> None:
        """Keep it."""
        self.letters.append(letter)

    def token(self) -> str:
        """The token of the last letter's link."""
        (found,) = re.findall(r"\?token=(\S+)", self.letters[-1].text)
        return str(found)


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
            issuer=ISSUER,
            audience="ais",
            now=lambda: self.now.timestamp(),
            token_id=lambda: uuid.uuid4().hex,
        )
        self.registration = register_user.RegistrationPorts(
            directory=self.directory,
            hasher=self.hasher,
            is_common=is_common,
            vault=self.vault,
            email_lookup=self.lookup,
            links=self._links(keys),
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
        self.clients = self._clients(keys)
        self.login = log_in.LoginPorts(
            directory=self.directory,
            hasher=self.hasher,
            email_lookup=self.lookup,
            places=places,
            sessions=self.sessions,
            factors=PostgresSecondFactors(pool),
            now=lambda: self.now,
            refusal_seconds=0.0,
        )
        self.mailbox = MemoryMailbox()
        self.accounts = self._accounts(keys)
        self.letters = AccountLetterSender(
            links=PostgresMailedLinks(pool),
            notices=PostgresNotices(pool),
            secrets=self.accounts.links.secrets,
            vault=self.vault,
            mailer=self.mailbox,
            site="https://airline.example",
            airline="Rimal Air",
            now=lambda: self.now,
        )

    def _links(self, keys: master_key.MasterKeys) -> LinkPorts:
        return LinkPorts(
            secrets=KeyedLinkSecrets(keys),
            new_id=lambda: f"lnk_{secrets.token_hex(12)}",
            random_bytes=os.urandom,
            now=lambda: self.now,
        )

    def _clients(self, keys: master_key.MasterKeys) -> ClientPorts:
        client_secrets = KeyedClientSecrets(keys)
        return ClientPorts(
            clients=PostgresClients(self.pool),
            authorizations=PostgresAuthorizations(self.pool),
            secrets=client_secrets,
            protocol=AuthlibProtocol(issuer=ISSUER, digest=client_secrets.digest),
            inspector=self.tokens,
            sessions=self.sessions,
            new_client_id=lambda: f"client_{secrets.token_hex(12)}",
            issuer=ISSUER,
            airline_name="Rimal Air",
        )

    def _accounts(self, keys: master_key.MasterKeys) -> AccountPorts:
        return AccountPorts(
            directory=self.directory,
            passwords=PostgresPasswords(self.pool),
            links=self.registration.links,
            emails=PostgresEmails(self.pool),
            staff=PostgresStaffAccounts(self.pool),
            factors=self.login.factors,
            notices=PostgresNotices(self.pool),
            resets=PostgresFactorResets(self.pool),
            codes=AuthenticatorCodes(keys, issuer="Rimal Air"),
            hasher=self.hasher,
            is_common=is_common,
            email_lookup=self.lookup,
            vault=self.vault,
            sessions=self.sessions,
            new_user_id=self.registration.new_user_id,
            now=lambda: self.now,
            second_factor_required=True,
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
        outcome = await log_in.log_in(log_in.LogIn(email, password, where, device), self.login)
        assert isinstance(outcome, SignedIn), "a second factor is asked for"
        return outcome

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
