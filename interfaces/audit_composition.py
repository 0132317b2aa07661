"""Builds what auditors read from, for the web role, `ais audit` and `ais explain`."""

import time

from application.audit.explain_booking import StoryPorts
from application.audit.ports import AuditPorts
from infrastructure.event_store.audited_log import PostgresAuditedLog
from infrastructure.identity import tokens
from infrastructure.identity.export_signature import ExportSignature
from infrastructure.identity.sign_in_places import KeyedSignInPlaces
from infrastructure.postgres.announced_appends import PostgresAnnouncedAppends
from infrastructure.postgres.audited_actions import PostgresActionRecord, PostgresAuditedActions
from infrastructure.postgres.booking_work import PostgresBookingWork
from infrastructure.postgres.pool import Pool
from infrastructure.sealing.master_key import MasterKeys
from infrastructure.sealing.vault import SubjectVault
from interfaces import books_composition
from interfaces.composition import utc_now
from interfaces.settings import Settings


def audit_on(
    pool: Pool, keys: MasterKeys, settings: Settings, appends: PostgresAnnouncedAppends
) -> AuditPorts:
    """Return the ports on this pool; exports are signed by the key of access tokens."""
    return AuditPorts(
        log=PostgresAuditedLog(pool),
        appends=appends,
        actions=PostgresAuditedActions(pool),
        record=PostgresActionRecord(pool, KeyedSignInPlaces(keys), keys, now=utc_now),
        signer=ExportSignature(tokens.parse_keys(settings.token_key.reveal())),
        clock=utc_now,
    )


def story_on(pool: Pool, keys: MasterKeys) -> StoryPorts:
    """Return what the story of a booking is read from, on this pool."""
    return StoryPorts(
        log=PostgresAuditedLog(pool),
        books=books_composition.books_on(pool),
        work=PostgresBookingWork(pool),
        record=PostgresActionRecord(pool, KeyedSignInPlaces(keys), keys, now=utc_now),
        vault=SubjectVault(pool, keys, monotonic=time.monotonic, time_ns=time.time_ns),
    )
