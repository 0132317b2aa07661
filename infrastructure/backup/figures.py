"""A log in figures: its last position, hashes over its rows and its trial balance.

They are the same in two databases only if the logs are the same, up to a position. Hashes cover
the rows in the order of the log in PostgreSQL's binary format of COPY, which does not depend on
the server's version or settings.
"""

import hashlib
from typing import Any

import msgspec
import psycopg

Connection = psycopg.Connection[tuple[Any, ...]]

# Settings that a server which recovers from a base backup needs at least as high as the original.
_AS_HIGH = (
    *("max_connections", "max_worker_processes", "max_wal_senders"),
    *("max_prepared_transactions", "max_locks_per_transaction"),
)
_ROWS = {
    "ledger.event": (
        "SELECT position, stream, version, tag, recorded_at, actor, command_id, correlation_id, "
        "causation_id, payload FROM ledger.event WHERE position <= %s ORDER BY position"
    ),
    "ledger.posting": (
        "SELECT position, line, account, booking, amount, currency, effective_on, rule "
        "FROM ledger.posting WHERE position <= %s ORDER BY position, line"
    ),
    "ledger.command": (
        "SELECT last_position, id, fingerprint, answer FROM ledger.command "
        "WHERE last_position <= %s ORDER BY last_position, id"
    ),
}
_BALANCE = """
SELECT account, currency, sum(amount)::bigint FROM ledger.posting WHERE position <= %s
GROUP BY account, currency ORDER BY account, currency
"""
_TABLES = """
SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY n.nspname, c.relname
"""


class Balance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sum of an account's postings, in minor units; debit positive."""

    account: str
    currency: str
    amount: int


class Figures(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The log from `first` up to `position`; what is before `first` was detached.

    `hashes` are SHA-256 in hex, by table; that of ledger.event is the hash of the log's head.
    `schema` is the number of the newest migration.
    """

    position: int
    schema: int
    hashes: dict[str, str]
    trial_balance: list[Balance]
    first: int = 1


class Cluster(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a restored cluster must be like: `server` is the major version of PostgreSQL.

    `superuser` is the role that initdb made, `settings` those that recovery needs as high.
    `system` identifies the cluster, and `segment_bytes` is the size of a file of its WAL.
    """

    server: int
    superuser: str
    database: str
    roles: list[str]
    settings: dict[str, str]
    system: str
    segment_bytes: int


def head(connection: Connection) -> int:
    """Return the last position of the log, 0 for an empty one."""
    return int(_one(connection, "SELECT coalesce(max(position), 0) FROM ledger.event"))


def read(connection: Connection, *, upto: int) -> Figures:
    """Return the figures of the log up to a position; reads all of it once."""
    return Figures(
        position=int(
            _one(
                connection,
                "SELECT coalesce(max(position), 0) FROM ledger.event WHERE position <= %s",
                upto,
            )
        ),
        schema=int(_one(connection, "SELECT max(number) FROM public.schema_migration")),
        hashes={table: _hash(connection, query, upto) for table, query in _ROWS.items()},
        trial_balance=[
            Balance(*row) for row in connection.execute(_BALANCE.encode(), (upto,)).fetchall()
        ],
        first=int(_one(connection, "SELECT coalesce(min(position), 1) FROM ledger.event")),
    )


def differences(expected: Figures, found: Figures) -> list[str]:
    """Return in words where the found log is not the expected one; empty when it is."""
    lines = []
    if expected.first != found.first:
        lines.append(f"the log begins at {found.first}, not at {expected.first}")
    if expected.position != found.position:
        lines.append(f"the log ends at {found.position}, not at {expected.position}")
    if expected.schema != found.schema:
        lines.append(f"the schema is {found.schema}, not {expected.schema}")
    lines += [
        f"the hash of {table} up to {expected.position} differs"
        for table in expected.hashes
        if expected.hashes[table] != found.hashes.get(table)
    ]
    want = {(each.account, each.currency): each.amount for each in expected.trial_balance}
    have = {(each.account, each.currency): each.amount for each in found.trial_balance}
    return lines + [
        f"account {account} holds {have.get((account, currency), 0)} {currency}, "
        f"not {want.get((account, currency), 0)}"
        for account, currency in sorted(want.keys() | have.keys())
        if want.get((account, currency), 0) != have.get((account, currency), 0)
    ]


def detached_since(connection: Connection, expected: Figures, found: Figures) -> bool:
    """Return whether the found log begins later because partitions were detached from it."""
    last = _one(
        connection,
        "SELECT coalesce(max(last_position), 0) FROM ledger.log_partition "
        "WHERE detached_at IS NOT NULL",
    )
    return bool(found.first > expected.first and found.first == last + 1)


def without_events(figures: Figures) -> Figures:
    """Return what two logs have in common that begin at different positions."""
    hashes = {"ledger.command": figures.hashes["ledger.command"]}
    return msgspec.structs.replace(figures, hashes=hashes, trial_balance=[], first=1)


def unbalanced(figures: Figures) -> list[str]:
    """Return the currencies whose balances do not sum to zero."""
    sums: dict[str, int] = {}
    for each in figures.trial_balance:
        sums[each.currency] = sums.get(each.currency, 0) + each.amount
    return sorted(currency for currency, total in sums.items() if total)


def rows(connection: Connection, *, of_keys: bool) -> dict[str, int]:
    """Return the number of rows of each table: those of the key store, or all others."""
    counts = {}
    for schema, table in connection.execute(_TABLES).fetchall():
        if (schema == "vault") == of_keys:
            name = psycopg.sql.Identifier(schema, table)
            query = psycopg.sql.SQL("SELECT count(*) FROM {}").format(name)
            [counted] = connection.execute(query).fetchone() or (0,)
            counts[f"{schema}.{table}"] = counted
    return counts


def cluster(connection: Connection) -> Cluster:
    """Return what a restored cluster must be like; the caller may read the roles."""
    return Cluster(
        server=connection.info.server_version // 10_000,
        superuser=str(_one(connection, "SELECT rolname FROM pg_roles WHERE oid = 10")),
        database=connection.info.dbname,
        roles=[
            row[0]
            for row in connection.execute(
                "SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY rolname"
            ).fetchall()
        ],
        settings={name: str(_one(connection, f"SHOW {name}")) for name in _AS_HIGH},
        system=str(_one(connection, "SELECT system_identifier FROM pg_control_system()")),
        segment_bytes=int(
            _one(connection, "SELECT setting FROM pg_settings WHERE name = 'wal_segment_size'")
        ),
    )


def _hash(connection: Connection, query: str, upto: int) -> str:
    digest = hashlib.sha256()
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT binary)".encode(), (upto,)) as copy,
    ):
        for block in copy:
            digest.update(block)
    return digest.hexdigest()


def _one(connection: Connection, query: str, *parameters: object) -> Any:
    row = connection.execute(query.encode(), parameters).fetchone()
    assert row is not None
    return row[0]
