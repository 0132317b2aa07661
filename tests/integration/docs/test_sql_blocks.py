"""The statements in SQL that pages show are planned by the database of this release."""

import re

import psycopg
import pytest

from tests.architecture import tree
from tests.support.servers import TestDatabase

BLOCK = re.compile(r"^```sql\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STATEMENTS = [
    pytest.param(statement, id=f"{page.stem}-{number}")
    for page in tree.files()
    if page.suffix == ".md"
    for number, statement in enumerate(BLOCK.findall(tree.text(page)))
]


def test_pages_show_statements() -> None:
    assert len(STATEMENTS) >= 3


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_statement_on_a_page_names_tables_and_columns_that_exist(
    database: TestDatabase, statement: str
) -> None:
    with psycopg.connect(database.owner_dsn) as connection:
        connection.execute(f"EXPLAIN {statement}".encode())
