"""A person on a real database: an account, a sealed booking, and the ports of privacy."""

import datetime as dt
import os
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import msgspec
import pytest

from application.booking.attach_booking import AttachBooking
from application.booking.create_booking import CreateBooking
from application.invoicing.record_buyer import RecordTaxBuyer
from application.privacy.ports import PrivacyPorts
from domain.booking.values import Passenger
from infrastructure.embedded.postgres_server import EmbeddedPostgres
from infrastructure.privacy.accounts import PostgresAccounts
from infrastructure.privacy.consents import PostgresConsents
from infrastructure.privacy.erasures import PostgresErasures
from infrastructure.privacy.retention import StoredWebhooks
from infrastructure.sealing import master_key
from infrastructure.sealing.blind_index import EmailIndex
from infrastructure.sealing.vault import SubjectVault
from interfaces.read_composition import asking
from projections.booking_list import of_persons
from projections.credits import queries as credits
from tests.integration.projections.airline import Airline, running_airline
from tests.support import servers
from tests.support.airline import create_booking, expire
from tests.support.servers import TestDatabase

MAIL, NAME, PASSWORD_HASH = "layla@example.com", "Layla Undiscoverable", "hash"
CONTACT = {"email": "other@example.com", "phone": None, "locale": "en"}
KEYS = master_key.parse(master_key.generated())


class KeptLetters:
    """`Mailbox` that remembers what was to be removed."""

    def __init__(self) -> None:
        self.removed: list[str] = []

    async def remove_letters_to(self, addresses: Sequence[str]) -> int:
        """Remember them."""
        self.removed += addresses
        return len(addresses)

    async def remove_letters_before(self, _instant: dt.datetime) -> int:
        """Nothing is older."""
        return 0


class Person:
    """A customer with one booking whose data is sealed, on a real database."""

    def __init__(self, airline: Airline) -> None:
        self.airline = airline
        self.id = f"user_{uuid.uuid4().hex[:24]}"
        self.letters = KeptLetters()
        self.vault = SubjectVault(
            airline.pool, KEYS, monotonic=time.monotonic, time_ns=time.time_ns
        )
        webhooks = StoredWebhooks(airline.pool)
        self.ports = PrivacyPorts(
            bus=airline.dispatcher,
            vault=self.vault,
            accounts=PostgresAccounts(airline.pool, EmailIndex(KEYS)),
            consents=PostgresConsents(airline.pool),
            erasures=PostgresErasures(airline.pool),
            bodies=webhooks,
            retention=webhooks,
            mailbox=self.letters,
            bookings_of=asking(airline.pool, of_persons.all_of),
            attached_to=asking(airline.pool, of_persons.attached_to),
            credits_of=asking(airline.pool, credits.all_of),
            clock=lambda: dt.datetime.now(dt.UTC),
            forget_keys=self.vault.forget,
        )

    async def register(self, mail: str = MAIL, *, subject: str | None = None) -> None:
        """Store the account with a sealed address, under a key of its own unless one is given."""
        subject = subject or self.new_key()
        box = self.vault.seal(subject, mail.encode())
        self.airline.query(
            "INSERT INTO identity.app_user "
            "(id, email_index, subject, email, password_hash, role, created_at, email_verified_at) "
            "VALUES (%s, %s, %s, %s, %s, 'customer', now(), now())",
            self.id,
            EmailIndex(KEYS).of(mail),
            subject,
            box.box,
            PASSWORD_HASH,
        )

    def new_key(self) -> str:
        """Store a fresh key; its subject."""
        subject, key = self.vault.new_subject()
        self.airline.query(
            "INSERT INTO vault.subject_key (subject, wrapped) VALUES (%s, %s)",
            subject,
            key.wrapped,
        )
        return subject

    async def with_every_proof(self, mail: str, earlier: str) -> tuple[str, str]:
        """Links, invitations, a second factor, a challenge; the keys of two invitations."""
        [(subject,)] = self.airline.query(
            "SELECT subject FROM identity.app_user WHERE id = %s", self.id
        )
        new = self.vault.seal(subject, b"new@example.com").box
        for purpose in ("reset_password", "verify_email"):
            self._link(purpose, user_id=self.id)
        self._link(
            "change_email",
            user_id=self.id,
            email_index=b"n" * 32,
            subject=subject,
            email=new,
        )
        self.airline.query(
            "UPDATE identity.mailed_link SET used_at = now(), replaced_email = %s "
            "WHERE user_id = %s AND purpose = 'change_email'",
            self.vault.seal(subject, earlier.encode()).box,
            self.id,
        )
        used = await self.invite(mail)
        self.airline.query(
            "UPDATE identity.mailed_link SET used_at = now() WHERE subject = %s", used
        )
        spare = await self.invite(mail)
        # To nobody who has an account, by this one.
        await self.invite(f"guest-of-{mail}", by=self.id)
        await self.prove_again()
        return used, spare

    async def invite(self, mail: str, *, by: str | None = None) -> str:
        """Invite staff; the subject of the key that seals the address."""
        subject = self.new_key()
        box = self.vault.seal(subject, mail.encode()).box
        values = {"subject": subject, "email": box, "role": "agent", "invited_by": by}
        self._link("invitation", user_id=None, email_index=EmailIndex(KEYS).of(mail), **values)
        return subject

    async def prove_again(self) -> None:
        """A second factor with a recovery code, a challenge, a failed sign-in from somewhere, and a
        saved passenger."""
        self.airline.query(
            "INSERT INTO identity.saved_passenger (id, user_id, details) VALUES (%s, %s, 'x')",
            f"pax_{os.urandom(12).hex()}",
            self.id,
        )
        self.airline.query(
            "INSERT INTO identity.second_factor (user_id, secret, created_at) "
            "VALUES (%s, 'x', now())",
            self.id,
        )
        self.airline.query(
            "INSERT INTO identity.recovery_code VALUES (%s, %s)", self.id, os.urandom(32)
        )
        self.airline.query(
            "INSERT INTO identity.sign_in_challenge VALUES (%s, %s, %s, 'web', now(), now())",
            os.urandom(32),
            self.id,
            os.urandom(32),
        )
        self.airline.query(
            "INSERT INTO identity.sign_in_place (user_id, place) VALUES (%s, %s)",
            self.id,
            os.urandom(32),
        )

    def open_links(self) -> list[str | None]:
        """The account of each link that works; None for an invitation."""
        found = self.airline.query(
            "SELECT user_id FROM identity.mailed_link WHERE used_at IS NULL AND voided_at IS NULL "
            "ORDER BY user_id"
        )
        return [row[0] for row in found]

    def _link(self, purpose: str, **values: object) -> None:
        """Mail a link that is valid for 20 minutes."""
        row = {
            "id": f"lnk_{uuid.uuid4().hex[:24]}",
            "purpose": purpose,
            "token_hash": os.urandom(32),
            "salt": os.urandom(16),
            "language": "en",
            **values,
        }
        self.airline.query(
            f"INSERT INTO identity.mailed_link ({', '.join(row)}, created_at, expires_at) "
            f"VALUES ({', '.join(['%s'] * len(row))}, now(), now() + interval '20 minutes')",
            *row.values(),
        )

    async def book(self) -> str:
        """Hold a seat for a passenger whose name is sealed; the booking."""
        command: Any = create_booking("flight-XX1-2026-12-24", "ADT", owner=self.id)
        assert isinstance(command, CreateBooking)
        subject, key = self.vault.new_subject()
        name = {"first_name": "Layla", "last_name": NAME.split()[1], "arabic_name": None}
        sealed = msgspec.structs.replace(
            command,
            passengers=(
                Passenger(type="ADT", name=self.vault.seal(subject, msgspec.json.encode(name))),
            ),
            contact=self.vault.seal(subject, msgspec.json.encode(CONTACT)),
            keys=(key,),
        )
        return str((await self.airline.submit(sealed)).answer.stream)

    def connect_client(self) -> str:
        """A client of a third party that acts for the person, with a session and a code; its id."""
        client, session = f"client_{os.urandom(12).hex()}", f"ses_{os.urandom(12).hex()}"
        self.airline.query(
            "INSERT INTO identity.client (id, name, kind, redirect_uris, scopes, created_at) "
            "VALUES (%s, 'Desert Planner', 'native', '{http://127.0.0.1/}', '{bookings:read}', "
            "now())",
            client,
        )
        self.airline.query(
            "INSERT INTO identity.consent (user_id, client_id, scopes, given_at) "
            "VALUES (%s, %s, '{bookings:read}', now())",
            self.id,
            client,
        )
        self.airline.query(
            "INSERT INTO identity.session (id, user_id, kind, source, salt, created_at, "
            "last_used_at, expires_at, refresh_expires_at, client_id, scopes) VALUES (%s, %s, "
            "'third_party', %s, %s, now(), now(), now() + interval '1 day', "
            "now() + interval '1 day', %s, '{bookings:read}')",
            session,
            self.id,
            os.urandom(32),
            os.urandom(16),
            client,
        )
        self.airline.query(
            "INSERT INTO identity.authorization_code (digest, client_id, user_id, granted_in, "
            "redirect_uri, scopes, challenge, created_at, expires_at) VALUES (%s, %s, %s, %s, "
            "'http://127.0.0.1/', '{bookings:read}', %s, now(), now())",
            os.urandom(32),
            client,
            self.id,
            session,
            "x" * 43,
        )
        return client

    def ended_because(self, kind: str) -> list[str]:
        """Why the person's sessions of this kind ended."""
        found = self.airline.query(
            "SELECT ended_because FROM identity.session WHERE user_id = %s AND kind = %s",
            self.id,
            kind,
        )
        return [row[0] for row in found]

    async def attach(self, booking: str) -> None:
        """Have a booking that somebody else sold."""
        await self.airline.submit(AttachBooking(booking, self.id, sold_to_owner=False))

    async def name_buyer(self, booking: str) -> str:
        """A business buys it; the subject of its key."""
        subject, key = self.vault.new_subject()
        box = self.vault.seal(subject, b'{"name": "Dunes Trading"}')
        await self.airline.submit(RecordTaxBuyer(booking, box, (key,)))
        return subject

    async def expire(self, booking: str) -> None:
        """Let the hold lapse."""
        self.airline.clock.advance(dt.timedelta(hours=2))
        await self.airline.submit(expire(booking))

    async def store_webhook(self, text: str) -> str:
        """A webhook with this body, sealed; its id."""
        event = f"evt_{os.urandom(6).hex()}"
        subject, key = self.vault.new_subject()
        self.airline.query(
            "WITH stored AS (INSERT INTO inbox.stripe_event "
            "(id, type, object, state, subject, sealed_body, received_at) "
            "VALUES (%s, 'x', 'x', 'done', %s, %s, now())) "
            "INSERT INTO vault.subject_key (subject, wrapped) VALUES (%s, %s)",
            event,
            subject,
            self.vault.seal(subject, text.encode()).box,
            subject,
            key.wrapped,
        )
        return event

    async def settle(self) -> None:
        """The account was closed a while ago, and the read models have followed."""
        await self.airline.catch_up()
        self.airline.query("ALTER TABLE privacy.erasure DISABLE TRIGGER keep_erasure")
        self.airline.query("UPDATE privacy.erasure SET closed_at = closed_at - interval '1 minute'")
        self.airline.query("ALTER TABLE privacy.erasure ENABLE TRIGGER keep_erasure")

    def keys(self) -> set[str]:
        """The subjects whose keys are there."""
        return {row[0] for row in self.airline.query("SELECT subject FROM vault.subject_key")}


@pytest.fixture(scope="session")
def prepared(postgres: EmbeddedPostgres) -> EmbeddedPostgres:
    """The server with a template in which all read models are prepared."""
    servers.make_template_of_read_models(postgres)
    return postgres


@pytest.fixture
def database(prepared: EmbeddedPostgres) -> Iterator[TestDatabase]:
    """A fresh database with read models that have taken in nothing yet."""
    with servers.fresh_database(prepared, servers.READ_MODELS) as fresh:
        yield fresh


@pytest.fixture
async def person(database: TestDatabase) -> AsyncIterator[Person]:
    """A registered person."""
    async with running_airline(database) as airline:
        someone = Person(airline)
        await someone.register()
        yield someone
