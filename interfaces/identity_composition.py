"""Builds what registering, signing in and sessions run on, for the web role."""

import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec

from application.identity import log_in, register_user
from application.identity.account_ports import AccountPorts, InvitationPorts, LinkPorts
from application.identity.client_ports import ClientPorts
from application.identity.ports import TokenInspector
from application.identity.session_ports import SessionPorts
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
from infrastructure.identity.one_time_codes import AuthenticatorCodes
from infrastructure.identity.second_factors import PostgresSecondFactors
from infrastructure.identity.security_record import PostgresSecurityRecord
from infrastructure.identity.session_secrets import KeyedSessionSecrets
from infrastructure.identity.sign_in_places import KeyedSignInPlaces
from infrastructure.identity.staff_accounts import PostgresStaffAccounts
from infrastructure.identity.user_directory import PostgresUserDirectory
from infrastructure.oauth.protocol import AuthlibProtocol
from infrastructure.postgres.pool import make_pool
from infrastructure.sealing import master_key
from infrastructure.sealing.blind_index import EmailIndex
from infrastructure.sealing.vault import SubjectVault
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
    accounts: AccountPorts
    clients: ClientPorts
    record: PostgresSecurityRecord


@asynccontextmanager
async def open_identity(core: Core) -> AsyncIterator[IdentityPorts]:
    """Start the threads of passwords and the list of ended sessions; end them on exit."""
    keys = core.keys
    async with AsyncExitStack() as stack:
        cheap = core.settings.cheap_passwords
        hasher = passwords.Argon2PasswordHasher(
            cost=passwords.TEST_COST if cheap else passwords.PRODUCTION_COST,
            threads=PASSWORD_THREADS,
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
        factors = PostgresSecondFactors(core.pool)
        registration = register_user.RegistrationPorts(
            directory=directory,
            hasher=hasher,
            is_common=is_common,
            vault=core.vault,
            email_lookup=EmailIndex(keys),
            links=_links(keys),
            new_user_id=lambda: f"user_{secrets.token_hex(12)}",
            now=utc_now,
        )
        login = log_in.LoginPorts(
            directory=directory,
            hasher=hasher,
            email_lookup=EmailIndex(keys),
            places=places,
            sessions=sessions,
            factors=factors,
            now=utc_now,
        )
        yield IdentityPorts(
            issuer=issuer,
            registration=registration,
            login=login,
            sessions=sessions,
            accounts=_accounts(core, registration, sessions, factors),
            clients=client_ports(core, sessions, issuer),
            record=record,
        )


@asynccontextmanager
async def open_inviting(settings: Settings) -> AsyncIterator[InvitationPorts]:
    """Open what inviting needs, for the command line."""
    keys = master_key.parse(settings.master_key.reveal())
    pool = make_pool(settings.database_url, max_size=1)
    async with pool:
        yield InvitationPorts(
            staff=PostgresStaffAccounts(pool),
            links=_links(keys),
            vault=SubjectVault(pool, keys, monotonic=time.monotonic, time_ns=time.time_ns),
            email_lookup=EmailIndex(keys),
        )


def _links(keys: master_key.MasterKeys) -> LinkPorts:
    return LinkPorts(
        secrets=KeyedLinkSecrets(keys),
        new_id=lambda: f"lnk_{secrets.token_hex(12)}",
        random_bytes=os.urandom,
        now=utc_now,
    )


def _accounts(
    core: Core,
    registration: register_user.RegistrationPorts,
    sessions: SessionPorts,
    factors: PostgresSecondFactors,
) -> AccountPorts:
    return AccountPorts(
        directory=registration.directory,
        passwords=PostgresPasswords(core.pool),
        links=registration.links,
        emails=PostgresEmails(core.pool),
        staff=PostgresStaffAccounts(core.pool),
        factors=factors,
        notices=PostgresNotices(core.pool),
        resets=PostgresFactorResets(core.pool),
        codes=AuthenticatorCodes(core.keys, issuer=core.settings.airline_name),
        hasher=registration.hasher,
        is_common=registration.is_common,
        email_lookup=registration.email_lookup,
        vault=core.vault,
        sessions=sessions,
        new_user_id=registration.new_user_id,
        now=utc_now,
        second_factor_required=core.settings.mfa_required,
    )


def client_ports(core: Core, sessions: SessionPorts, inspector: TokenInspector) -> ClientPorts:
    """What clients of third parties run on, over the sessions of users."""
    client_secrets = KeyedClientSecrets(core.keys)
    return ClientPorts(
        clients=PostgresClients(core.pool),
        authorizations=PostgresAuthorizations(core.pool),
        secrets=client_secrets,
        protocol=AuthlibProtocol(issuer=core.settings.public_url, digest=client_secrets.digest),
        inspector=inspector,
        sessions=sessions,
        new_client_id=lambda: f"client_{secrets.token_hex(12)}",
        issuer=core.settings.public_url,
        airline_name=core.settings.airline_name,
    )


def _issuer(settings: Settings) -> tokens.Es256Tokens:
    return tokens.Es256Tokens(
        tokens.parse_keys(settings.token_key.reveal()),
        issuer=settings.public_url,
        audience=TOKEN_AUDIENCE,
        now=time.time,
        token_id=lambda: secrets.token_urlsafe(16),
    )
