"""What plain SQL with the application's password cannot do to accounts and personal data."""

import psycopg
import pytest

from tests.support.servers import TestDatabase

ATTACKS = (
    "UPDATE vault.booking_term SET subject = 'x'",
    "TRUNCATE vault.booking_term",
    "DELETE FROM vault.subject_key",
    "TRUNCATE vault.subject_key CASCADE",
    "SELECT FROM vault.destroyed_key",
    "INSERT INTO vault.destroyed_key (subject) VALUES ('x')",
    "UPDATE vault.destroyed_key SET subject = 'x'",
    "DELETE FROM vault.destroyed_key",
    "TRUNCATE vault.destroyed_key",
    "SELECT vault.record_destroyed_keys()",
    "UPDATE identity.session SET user_id = 'x'",
    "DELETE FROM identity.session",
    "UPDATE identity.mailed_link SET token_hash = ''",
    "UPDATE identity.mailed_link SET user_id = 'x'",
    "DELETE FROM identity.mailed_link",
    "UPDATE identity.second_factor SET user_id = 'x'",
    "UPDATE identity.recovery_code SET code_hash = ''",
    "UPDATE identity.sign_in_challenge SET expires_at = now()",
    "DELETE FROM identity.sign_in_challenge",
    "UPDATE identity.account_notice SET user_id = 'x'",
    "DELETE FROM identity.account_notice",
    "UPDATE identity.second_factor_reset SET approved_by = 'x'",
    "DELETE FROM identity.second_factor_reset",
    "UPDATE identity.auth_event SET happened = 'signed_in'",
    "DELETE FROM identity.auth_event",
    "UPDATE identity.saved_passenger SET user_id = 'x'",
    "INSERT INTO identity.saved_passenger (id, user_id, details, created_at) "
    "VALUES ('pax_0', 'x', '', now())",
    "TRUNCATE identity.saved_passenger",
    "UPDATE identity.app_user SET role = 'admin'",
    "UPDATE identity.app_user SET email = ''",
    "UPDATE privacy.consent SET given = false",
    "DELETE FROM privacy.consent",
    "UPDATE privacy.erasure SET closed_at = now()",
    "DELETE FROM privacy.erasure",
)


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_application_changes_accounts_only_as_it_needs_to(
    database: TestDatabase, attack: str
) -> None:
    with (
        psycopg.connect(database.app_dsn, autocommit=True) as session,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        session.execute(attack.encode())


@pytest.mark.parametrize("role", ["origin", "replica"])
def test_no_key_is_destroyed_without_a_record_that_outlasts_backups(
    database: TestDatabase, role: str
) -> None:
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        owner.execute("INSERT INTO vault.subject_key (subject, wrapped) VALUES ('sub_1', 'x')")
        owner.execute("INSERT INTO vault.subject_key (subject, wrapped) VALUES ('sub_2', 'x')")
        owner.execute(f"SET session_replication_role = '{role}'".encode())
        owner.execute("DELETE FROM vault.subject_key WHERE subject = 'sub_1'")
        assert owner.execute("SELECT subject FROM vault.destroyed_key").fetchall() == [("sub_1",)]
        with pytest.raises(psycopg.Error, match="one by one"):
            owner.execute("TRUNCATE vault.subject_key CASCADE")
