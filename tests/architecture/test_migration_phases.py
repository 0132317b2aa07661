"""Released migrations never change, and those of phase `pre` leave the release before running."""

import hashlib
import re
from pathlib import Path

import pytest

from tests.architecture import tree
from tests.support import migration_rules

FOLDER = Path("infrastructure/postgres/migrations")
RELEASED = Path("infrastructure/postgres/released_migrations.txt")


def _released() -> dict[str, str]:
    """The checksum of each file that a release has applied, by its name."""
    lines = [line.split() for line in tree.text(RELEASED).splitlines() if line[:1].isdigit()]
    assert all(len(line) == 3 for line in lines)
    return {name: checksum for _, name, checksum in lines}


def _files() -> dict[str, str]:
    """The text of each file by its name, in order."""
    return {
        path.name: tree.text(path)
        for path in sorted(tree.files())
        if path.parent == FOLDER and path.suffix == ".sql"
    }


def test_a_migration_that_a_release_has_applied_is_never_changed() -> None:
    released = _released()
    assert len(released) >= 31
    found = {name: hashlib.sha256(sql.encode()).hexdigest() for name, sql in _files().items()}
    assert {name: found.get(name) for name in released} == released


def test_migrations_that_are_not_released_come_after_the_others_and_their_post_last() -> None:
    left = [name for name in _files() if name not in _released()]
    assert all(name > max(_released()) for name in left)
    phases = [name[5:].partition("_")[0] for name in left]
    assert phases == sorted(phases, reverse=True), "number the post files of a release last"


def test_what_is_applied_before_the_processes_are_replaced_only_adds() -> None:
    """Those of the first release had nothing before them."""
    refused = {
        name: found
        for name, sql in _files().items()
        if name not in _released()
        and "_pre_" in name
        and (found := migration_rules.not_additive(sql))
    }
    assert refused == {}, "what is taken away or required belongs into a file of phase post"


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE a.b",
        "drop index a.b",
        "ALTER TABLE a.b DROP COLUMN c",
        "ALTER TABLE a.b RENAME COLUMN c TO d",
        "ALTER TABLE a.b ALTER COLUMN c SET NOT NULL",
        "ALTER TABLE a.b ALTER COLUMN c TYPE text",
        "ALTER TABLE a.b ADD COLUMN c integer NOT NULL",
        "ALTER TABLE a.b ADD COLUMN d text DEFAULT 'x' NOT NULL, ADD COLUMN c integer NOT NULL",
        "ALTER TABLE a.b ADD CONSTRAINT c CHECK (d > 0)",
        "REVOKE SELECT ON a.b FROM ais_application",
        "TRUNCATE a.b",
        "LOCK TABLE a.b",
        "DO $$ BEGIN DROP TABLE a.b; END $$",
        "DO $x$ DECLARE d int; BEGIN IF d THEN UPDATE a.b SET c = 1; END IF; END $x$",
        "CREATE UNIQUE INDEX ON a.b (c)",
        "CREATE UNIQUE INDEX CONCURRENTLY d ON a.b (c)",
        "ALTER TABLE a.b ADD COLUMN c integer CHECK (c > 0)",
        "ALTER TABLE a.b ADD COLUMN c integer UNIQUE",
        "UPDATE a.b SET c = 1",
        "WITH d AS (SELECT 1) UPDATE a.b SET c = 1",
        "DELETE FROM a.b",
        "ALTER DOMAIN a.d ADD CHECK (value > 0)",
        "ALTER DOMAIN a.d SET NOT NULL",
        "ALTER TABLE a.b DISABLE TRIGGER c",
        "ALTER FUNCTION a.f() SET SCHEMA c",
    ],
)
def test_what_the_release_before_does_not_survive_is_found(sql: str) -> None:
    assert len(migration_rules.not_additive(f"SELECT 1; {sql};")) == 1


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE a.b (c integer NOT NULL); ALTER TABLE a.b ADD CONSTRAINT d CHECK (c > 0)",
        "ALTER TABLE a.b ADD COLUMN c integer, ADD COLUMN d text NOT NULL DEFAULT 'x'",
        "ALTER TABLE a.b ALTER COLUMN c DROP NOT NULL, ALTER COLUMN d SET DEFAULT 1",
        "CREATE OR REPLACE FUNCTION a.f() RETURNS void AS $body$ DROP TABLE a.b $body$",
        "CREATE TABLE a.b (c integer); CREATE UNIQUE INDEX ON a.b (c); UPDATE a.b SET c = 1",
        "CREATE INDEX ON a.b (c); ALTER TABLE a.b ENABLE ALWAYS TRIGGER c",
        "DO $$ BEGIN CREATE ROLE c; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
        "CREATE TRIGGER c BEFORE UPDATE OR DELETE ON a.b EXECUTE FUNCTION a.f()",
        "-- DROP TABLE a.b\nCOMMENT ON TABLE a.b IS 'RENAME it; DROP it'",
        "REVOKE ALL ON FUNCTION a.f FROM PUBLIC",
    ],
)
def test_what_only_adds_is_let_through(sql: str) -> None:
    assert migration_rules.not_additive(sql) == []


def test_the_list_of_released_migrations_says_which_release_brought_each() -> None:
    for line in tree.text(RELEASED).splitlines():
        assert re.fullmatch(r"#.*|\d+\.\d+\.\d+ \d{4}_(pre|post)_\w+\.sql [0-9a-f]{64}", line)
