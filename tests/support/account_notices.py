"""Carries out what the outbox holds of letters about accounts."""

import psycopg

from application.identity.account_letters import AccountLinkLetter, AccountNoticeLetter
from tests.support.identity import Identity
from tests.support.servers import TestDatabase


async def send_notices(identity: Identity, database: TestDatabase) -> list[str]:
    """Write all letters about what happened to accounts, the oldest first; their kinds."""
    with psycopg.connect(database.owner_dsn) as connection:
        found = connection.execute(
            "SELECT n.id, n.kind FROM ledger.outbox AS o JOIN identity.account_notice AS n "
            "ON n.id = (o.body->>'notice_id')::bigint "
            "WHERE o.topic = 'mail.account_notice' ORDER BY o.id"
        ).fetchall()
    for notice, _ in found:
        await identity.letters.send_notice(AccountNoticeLetter(notice))
    return [kind for _, kind in found]


async def send_links(identity: Identity, database: TestDatabase) -> list[str]:
    """Write all letters with a link, the oldest first; what the links are for."""
    with psycopg.connect(database.owner_dsn) as connection:
        found = connection.execute(
            "SELECT l.id, l.purpose FROM ledger.outbox AS o JOIN identity.mailed_link AS l "
            "ON l.id = o.body->>'link_id' WHERE o.topic = 'mail.account_link' ORDER BY o.id"
        ).fetchall()
    for link, _ in found:
        await identity.letters.send(AccountLinkLetter(link))
    return [purpose for _, purpose in found]
