"""The statements of the runbooks are ones that the database takes, from the application's login."""

import re
from pathlib import Path

import psycopg

from infrastructure.postgres.roles import APPLICATION_LOGIN
from tests.support.servers import TestDatabase

RUNBOOKS = Path(__file__).resolve().parents[3] / "ops" / "runbooks"


def _statements() -> list[tuple[str, str]]:
    return [
        (runbook.name, statement.strip())
        for runbook in sorted(RUNBOOKS.glob("*.md"))
        for block in re.findall(r"```sql\n(.*?)```", runbook.read_text("utf-8"), re.DOTALL)
        for statement in block.split(";")
        if statement.strip()
    ]


def test_every_statement_of_a_runbook_can_be_planned(database: TestDatabase) -> None:
    statements = _statements()
    assert len(statements) >= 5
    with psycopg.connect(database.app_dsn, autocommit=True) as connection:
        login = connection.execute("SELECT current_user").fetchone()
        assert login == (APPLICATION_LOGIN,)
        for runbook, statement in statements:
            plan = connection.execute(f"EXPLAIN {statement}".encode()).fetchall()
            assert plan, (runbook, statement)
