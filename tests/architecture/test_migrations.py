"""Migrations are numbered once, explain themselves, and add up to the schema that is on record."""

import re
from pathlib import Path

from tests.architecture import tree
from tests.support import schema_dump, servers

FOLDER = Path("infrastructure/postgres/migrations")
SCHEMA = Path("infrastructure/postgres/schema.sql")
NAME = re.compile(r"^(\d{4})_(pre|post)_[a-z0-9_]+\.sql$")


def _migrations() -> list[Path]:
    found = [path for path in tree.files() if path.parent == FOLDER and path.suffix == ".sql"]
    assert len(found) >= 4
    return found


def test_each_migration_has_a_number_of_its_own_and_says_when_it_is_deployed() -> None:
    names = [NAME.match(path.name) for path in _migrations()]
    assert None not in names
    numbers = [name[1] for name in names if name]
    assert len(set(numbers)) == len(numbers)


def test_each_migration_opens_with_why_it_is_there_and_how_long_it_takes() -> None:
    for path in _migrations():
        header = re.match(r"(?:--.*\n)+", tree.text(path))
        assert header is not None, path
        assert re.search(r"\b(once|(milli)?seconds?|minutes?|hours?)\b", header[0]), path


def test_no_migration_rewrites_stored_events() -> None:
    rewriting = re.compile(
        r"(?im)^\s*(UPDATE|DELETE FROM|TRUNCATE)\s+ledger\.(event|posting|command)"
    )
    assert rewriting.search("\nupdate ledger.event set tag = ''")
    assert [str(path) for path in _migrations() if rewriting.search(tree.text(path))] == []


def test_the_schema_on_record_is_the_sum_of_the_migrations(database: servers.TestDatabase) -> None:
    found = schema_dump.dump(database.owner_dsn)
    assert "CREATE TABLE ledger.event" in found
    assert found == tree.text(SCHEMA), (
        "run python -m tests.support.schema_dump > infrastructure/postgres/schema.sql"
    )
