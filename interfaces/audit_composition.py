"""Builds what auditors read from, for the web role and for `ais audit`."""

from application.audit.ports import AuditPorts
from infrastructure.event_store.audited_log import PostgresAuditedLog
from infrastructure.identity import tokens
from infrastructure.identity.export_signature import ExportSignature
from infrastructure.identity.sign_in_places import KeyedSignInPlaces
from infrastructure.postgres.announced_appends import PostgresAnnouncedAppends
from infrastructure.postgres.audited_actions import PostgresActionRecord, PostgresAuditedActions
from infrastructure.postgres.pool import Pool
from infrastructure.sealing.master_key import MasterKeys
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
