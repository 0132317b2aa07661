"""An erasure on a real database: its steps, repeats, crashes between them, and what races it."""

import asyncio
import os
from typing import Any

import psycopg
import pytest

from application.privacy.carry_out_erasure import carry_out_erasure
from application.privacy.enforce_retention import retain_person
from application.privacy.export_person import export_person
from application.privacy.person import find_person
from application.privacy.request_erasure import (
    read_erasure,
    request_erasure,
    withdraw_erasure,
)
from domain.privacy.rejections import ErasureBegun, ErasureUnknown
from infrastructure.privacy.erasures import PostgresErasures
from tests.integration.privacy.conftest import CONTACT, MAIL, NAME, Person


async def requested(person: Person, who: str | None = None) -> str:
    return (await request_erasure(person.ports, who or person.id, by="test")).erasure.id


async def step(person: Person, erasure: str) -> str:
    found = await carry_out_erasure(person.ports, erasure)
    assert found is not None
    return found.step


async def erased(person: Person, who: str | None = None) -> str:
    """Carry out every step; the id of the erasure."""
    await person.airline.catch_up()
    erasure = await requested(person, who)
    assert await step(person, erasure) == "closed"
    await person.settle()
    assert await step(person, erasure) == "reported"
    return erasure


async def over(person: Person) -> str:
    """A booking that has lapsed, in the read models."""
    booking = await person.book()
    await person.expire(booking)
    await person.airline.catch_up()
    return booking


async def test_keys_go_letters_go_and_the_log_says_so(person: Person) -> None:
    booking = await over(person)
    webhook = await person.store_webhook(f'{{"metadata": {{"booking": "{booking}"}}}}')
    foreign = await person.store_webhook('{"metadata": {"booking": "booking-ZZZZZZ"}}')
    assert len(person.keys()) == 4
    erasure = await erased(person)
    assert len(person.keys()) == 1
    assert person.letters.removed == sorted({MAIL, CONTACT["email"]})
    sizes = dict(
        person.airline.query("SELECT id, octet_length(sealed_body) FROM inbox.stripe_event")
    )
    assert sizes[webhook] == 0
    assert sizes[foreign] > 0
    [(payload,)] = person.airline.query(
        "SELECT convert_from(payload, 'UTF8')::jsonb FROM ledger.event WHERE stream = %s",
        f"erasure-{erasure}",
    )
    assert payload == {
        "reason": "request",
        "key_count": 3,
        "bookings": [booking],
        "credits": [],
        "account": person.id,
    }
    found = await find_person(person.ports, person.id)
    assert found is not None
    data = await export_person(person.ports, found, cursor=None)
    assert data.account is not None
    assert (data.account.email, NAME in str(data)) == ("(erased)", False)


async def test_what_is_open_postpones_every_step(person: Person) -> None:
    booking = await person.book()
    await person.airline.catch_up()
    erasure = await requested(person)
    assert await step(person, erasure) == "waiting"
    details = await read_erasure(person.ports, person.id)
    assert [(each.kind, each.of) for each in details.open] == [("travel", booking)]
    await person.expire(booking)
    assert await step(person, erasure) == "closed"
    # A request in flight has booked once more: its passenger travels first.
    late = await person.book()
    await person.settle()
    keys = person.keys()
    assert await step(person, erasure) == "closed"
    assert person.keys() == keys
    await person.expire(late)
    await person.airline.catch_up()
    assert await step(person, erasure) == "reported"
    assert person.keys() == set()


async def test_no_key_goes_before_the_read_models_contain_what_the_account_did(
    person: Person,
) -> None:
    await over(person)
    erasure = await requested(person)
    assert await step(person, erasure) == "closed"
    await person.settle()
    late = await person.book()
    person.airline.query("SELECT pg_sleep(0.2)")
    await person.expire(late)
    keys = person.keys()
    # It was appended long ago as far as anyone knows, and the list does not have it yet.
    person.airline.query("ALTER TABLE ledger.event DISABLE TRIGGER append_only")
    person.airline.query(
        "UPDATE ledger.event SET recorded_at = recorded_at - interval '1 hour' WHERE stream = %s",
        late,
    )
    person.airline.query("ALTER TABLE ledger.event ENABLE ALWAYS TRIGGER append_only")
    assert await step(person, erasure) == "closed"
    assert person.keys() == keys


async def test_after_a_crash_between_two_steps_the_next_try_goes_on(person: Person) -> None:
    await over(person)
    erasure = await requested(person)
    assert await step(person, erasure) == "closed"
    await person.settle()
    [(subject,)] = person.airline.query(
        "SELECT subject FROM identity.app_user WHERE id = %s", person.id
    )
    store = PostgresErasures(person.airline.pool)
    # The process ends right after the keys are gone: the event is recorded by the next one.
    assert await store.destroy_keys(erasure, subjects=[subject], stripe_events=[]) == 1
    assert await store.destroy_keys(erasure, subjects=[subject], stripe_events=[]) is None
    tries = await asyncio.gather(*(step(person, erasure) for _ in range(3)))
    assert set(tries) == {"reported"}
    count = "SELECT count(*) FROM ledger.event WHERE stream = %s"
    assert person.airline.query(count, f"erasure-{erasure}") == [(1,)]
    assert await step(person, erasure) == "reported"


async def test_a_request_can_be_withdrawn_until_the_account_is_closed(person: Person) -> None:
    booking = await person.book()
    await person.airline.catch_up()
    erasure = await requested(person)
    await withdraw_erasure(person.ports, person.id, by=person.id)
    assert await carry_out_erasure(person.ports, erasure) is None
    with pytest.raises(ErasureUnknown):
        await withdraw_erasure(person.ports, person.id, by=person.id)
    await person.expire(booking)
    again = await requested(person)
    assert again != erasure
    assert await step(person, again) == "closed"
    with pytest.raises(ErasureBegun):
        await withdraw_erasure(person.ports, person.id, by=person.id)


async def test_a_guest_is_erased_by_the_booking_and_the_account_stays(person: Person) -> None:
    booking = await over(person)
    [(subject,)] = person.airline.query("SELECT subject FROM identity.app_user")
    await erased(person, booking)
    assert person.keys() == {subject}
    [(password_hash,)] = person.airline.query("SELECT password_hash FROM identity.app_user")
    assert password_hash


async def test_the_buyer_of_an_invoice_is_kept_until_the_period_of_the_booking_is_over(
    person: Person,
) -> None:
    booking = await person.book()
    buyer = await person.name_buyer(booking)
    await person.expire(booking)
    await erased(person)
    assert person.keys() == {buyer}
    await retain_person(person.ports, booking)
    erasure = await person.ports.erasures.of(booking)
    assert erasure is not None
    assert await step(person, erasure.id) == "closed"
    await person.settle()
    assert await step(person, erasure.id) == "reported"
    assert person.keys() == set()


async def test_an_account_of_staff_takes_no_passenger_with_it(person: Person) -> None:
    await over(person)
    person.airline.query("UPDATE identity.app_user SET role = 'agent'")
    passengers = person.keys() - {
        row[0] for row in person.airline.query("SELECT subject FROM identity.app_user")
    }
    await erased(person)
    assert person.keys() == passengers


def proofs_left(person: Person) -> dict[str, int]:
    """How many rows there are of all that proves the ownership of an account."""
    [counts] = person.airline.query(
        "SELECT (SELECT count(*) FROM identity.mailed_link), "
        "(SELECT count(*) FROM identity.second_factor), "
        "(SELECT count(*) FROM identity.recovery_code), "
        "(SELECT count(*) FROM identity.sign_in_challenge), "
        "(SELECT count(*) FROM identity.sign_in_place), "
        "(SELECT count(*) FROM identity.saved_passenger)"
    )
    names = ("links", "factors", "codes", "challenges", "places", "saved")
    return dict(zip(names, counts, strict=True))


async def test_links_invitations_and_second_factors_go_with_the_account(person: Person) -> None:
    used, spare = await person.with_every_proof(MAIL, "earlier@example.com")
    other = Person(person.airline)
    await other.register("neighbour@example.com")
    await other.with_every_proof("neighbour@example.com", "before@example.com")
    before = proofs_left(person)
    assert before == {"links": 12, **dict.fromkeys(list(before)[1:], 2)}
    await person.airline.catch_up()
    person.airline.query(
        "INSERT INTO identity.session (id, user_id, kind, source, salt, created_at, last_used_at, "
        "expires_at, refresh_expires_at) VALUES ('ses_' || repeat('0', 24), %s, 'mobile', %s, %s, "
        "now(), now(), now() + interval '1 day', now() + interval '1 day')",
        *(person.id, os.urandom(32), os.urandom(16)),
    )
    erasure = await requested(person)
    assert await step(person, erasure) == "closed"
    assert not {used, spare} & person.keys()
    live = "SELECT count(*) FROM identity.session WHERE user_id = %s AND ended_at IS NULL"
    assert person.airline.query(live, person.id) == [(0,)]
    # Nobody accepts an invitation by who is no longer there, and no link opens the account again.
    assert person.open_links() == [other.id, other.id, None, None]
    # Requests that were under way when the account was closed.
    await person.prove_again()
    await person.settle()
    assert await step(person, erasure) == "reported"
    # One more link than the neighbour's: the void one, of a guest who has no account.
    assert proofs_left(person) == {
        **{each: count // 2 for each, count in before.items()},
        "links": 7,
    }
    assert person.letters.removed == sorted({MAIL, "earlier@example.com", "new@example.com"})


async def test_the_key_of_another_account_outlives_an_invitation_to_the_same_address(
    person: Person,
) -> None:
    """An account that an invitation opened has another address by now, and its key."""
    await person.invite(MAIL)
    [(key,)] = person.airline.query("SELECT subject FROM identity.mailed_link")
    first = Person(person.airline)
    first.vault = person.vault
    await first.register("moved@example.com", subject=key)
    await erased(person)
    assert person.keys() == {key}


async def test_requests_withdrawals_and_destroyed_keys_are_in_the_record_of_actions(
    person: Person,
) -> None:
    await request_erasure(person.ports, person.id, by=person.id)
    await withdraw_erasure(person.ports, person.id, by="operator")
    booking = await over(person)
    await request_erasure(person.ports, person.id, by="operator")
    erasure = await erased(person)
    await retain_person(person.ports, booking)
    recorded = person.airline.query(
        "SELECT actor, action, resource, change, correlation_id FROM audit.recorded_action "
        "WHERE origin = 'stored' ORDER BY id"
    )
    customer, asked = f"customer:{person.id}", {"reason": "request"}
    assert [row[:4] for row in recorded] == [
        (customer, "person.erasure_requested", person.id, asked),
        ("operator", "person.erasure_withdrawn", person.id, asked),
        ("operator", "person.erasure_requested", person.id, asked),
        ("operator", "person.keys_destroyed", person.id, {**asked, "keys": 2}),
        ("system", "person.erasure_requested", booking, {"reason": "retention"}),
    ]
    assert [row[4] for row in recorded[2:4]] == [erasure, erasure]


async def test_an_attached_booking_postpones_no_erasure_and_keeps_its_travellers(
    person: Person,
) -> None:
    """Who has attached it is, as far as anybody knows, somebody else than those who travel."""
    agency = Person(person.airline)
    await agency.register("agency@example.com")
    person.airline.query("UPDATE identity.app_user SET role = 'agent' WHERE id = %s", agency.id)
    booking = await agency.book()
    await person.attach(booking)
    await person.airline.catch_up()
    before = person.keys()
    await erased(person)
    [(holder,)] = person.airline.query(
        "SELECT subject FROM identity.app_user WHERE id = %s", person.id
    )
    assert before - person.keys() == {holder}
    # A traveller asks for the booking itself, once it is over.
    await agency.expire(booking)
    await erased(person, booking)
    [(subject,)] = person.airline.query(
        "SELECT subject FROM identity.app_user WHERE id = %s", agency.id
    )
    assert person.keys() == {subject}


async def test_the_last_admin_is_not_erased_until_there_is_another_one(person: Person) -> None:
    other = Person(person.airline)
    await other.register("other@example.com")
    person.airline.query("UPDATE identity.app_user SET role = 'admin'")
    await erased(other)
    # The erased one still has the role, and counts for nothing.
    erasure = await requested(person)
    assert await step(person, erasure) == "waiting"
    details = await read_erasure(person.ports, person.id)
    assert [(each.kind, each.of, each.ends_at) for each in details.open] == [
        ("last_admin", person.id, None)
    ]
    with refused("AIS02"):
        person.airline.query("SELECT privacy.close_account(%s)", erasure)
    third = Person(person.airline)
    await third.register("third@example.com")
    person.airline.query("UPDATE identity.app_user SET role = 'admin' WHERE id = %s", third.id)
    assert await step(person, erasure) == "closed"


async def test_what_clients_of_third_parties_were_given_ends_with_the_account(
    person: Person,
) -> None:
    client = person.connect_client()
    assert await person.ports.accounts.clients(person.id) != []
    await person.airline.catch_up()
    erasure = await requested(person)
    assert await step(person, erasure) == "closed"
    (held,) = await person.ports.accounts.clients(person.id)
    assert held.revoked_at is not None
    assert person.ended_because("third_party") == ["revoked"]
    await person.settle()
    assert await step(person, erasure) == "reported"
    assert await person.ports.accounts.clients(person.id) == []
    left = "SELECT count(*) FROM identity.authorization_code WHERE client_id = %s"
    assert person.airline.query(left, client) == [(0,)]


async def test_letters_and_waiting_resets_end_with_the_account(person: Person) -> None:
    support = Person(person.airline)
    await support.register("support@example.com")
    person.airline.query(
        "INSERT INTO identity.second_factor_reset (id, user_id, path, requested_by, requested_at, "
        "expires_at) VALUES ('sfr_0123456789abcdef01234567', %s, 'mailbox', %s, now(), now())",
        person.id,
        support.id,
    )
    await person.airline.catch_up()
    erasure = await requested(person)
    notices = "SELECT kind, voided_at IS NULL FROM identity.account_notice"
    assert person.airline.query(notices) == [("erasure_requested", True)]
    assert await step(person, erasure) == "closed"
    assert person.airline.query(notices) == [("erasure_requested", False)]
    assert person.airline.query(
        "SELECT cancelled_at IS NOT NULL FROM identity.second_factor_reset"
    ) == [(True,)]
    await person.settle()
    assert await step(person, erasure) == "reported"
    assert person.airline.query(notices) == []


async def test_an_unknown_person_is_refused(person: Person) -> None:
    for unknown in ("user_unknown", "booking-ZZZZZZ", "credit-unknown", "flight-XX1-2026-12-24"):
        with pytest.raises(ErasureUnknown):
            await requested(person, unknown)


def refused(code: str) -> Any:
    return pytest.raises(psycopg.Error, check=lambda error: error.sqlstate == code)


async def attack(person: Person, statement: str, *values: object) -> None:
    """Run it with the application's password."""
    async with person.airline.pool.connection() as connection:
        await connection.execute(statement.encode(), values)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM vault.subject_key",
        "UPDATE vault.subject_key SET wrapped = ''",
        "DELETE FROM privacy.erasure",
        "UPDATE privacy.erasure SET closed_at = now() - interval '1 day'",
        "INSERT INTO privacy.erasure (id, person, reason, requested_by, closed_at) "
        "VALUES ('era_0123456789abcdef01234567', 'user_1', 'request', 'x', '2020-01-01')",
        "DELETE FROM privacy.consent",
        "UPDATE privacy.consent SET given = false",
        "TRUNCATE privacy.consent",
        "DELETE FROM ledger.outbox",
        "UPDATE identity.app_user SET email_index = ''",
    ],
)
async def test_the_application_destroys_no_key_and_changes_no_fact_by_itself(
    person: Person, statement: str
) -> None:
    with refused("42501"):
        await attack(person, statement)


async def test_not_even_the_owner_changes_a_consent_or_what_an_erasure_has_done(
    person: Person,
) -> None:
    person.airline.query(
        "INSERT INTO privacy.consent (user_id, purpose, version, given, at) "
        "VALUES (%s, 'terms', '2026-01-01', true, now())",
        person.id,
    )
    for statement in ("UPDATE privacy.consent SET version = now()", "DELETE FROM privacy.consent"):
        with refused("AIS01"):
            person.airline.query(statement)
    await over(person)
    await erased(person)
    with refused("AIS01"):
        person.airline.query("UPDATE privacy.erasure SET reported_at = NULL")


async def test_keys_are_destroyed_for_a_closed_erasure_only_and_never_those_of_another_account(
    person: Person,
) -> None:
    other = Person(person.airline)
    [(subject,)] = person.airline.query("SELECT subject FROM identity.app_user")
    store = PostgresErasures(person.airline.pool)
    person.airline.query("UPDATE identity.app_user SET email_index = sha256('x')")
    await other.register()
    await person.airline.catch_up()
    erasure = await requested(other)
    keys = person.keys()
    assert await store.destroy_keys(erasure, subjects=list(keys), stripe_events=[]) is None
    assert await step(other, erasure) == "closed"
    # Requests of the account may still be under way.
    assert await store.destroy_keys(erasure, subjects=list(keys), stripe_events=[]) is None
    await other.settle()
    with refused("AIS01"):
        await store.destroy_keys(erasure, subjects=[subject], stripe_events=[])
    assert person.keys() == keys
    assert await store.destroy_keys("era_unknown", subjects=list(keys), stripe_events=[]) is None
    assert person.keys() == keys
