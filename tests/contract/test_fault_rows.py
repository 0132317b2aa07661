"""Faults of payments, webhooks, the edge, sessions have tests that name them: `Fault row 21: …`."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
NAMED = re.compile(r"Fault row ([0-9]+[a-z]?)\b")
ROWS = {
    "7": "Redis is lost",
    "18": "an answer of Stripe that is lost after it did what was asked",
    "19": "Stripe is busy, or the object is locked",
    "20": "a card that is declined, needs authentication, or a bank that takes its time",
    "21": "one webhook many times at once",
    "22": "webhooks in another order than things happened",
    "23": "a webhook that never comes",
    "23a": "Stripe does not answer while its webhooks come",
    "23b": "words and shapes that Stripe adds later",
    "24": "two events of one fact",
    "25": "an unknown type, version, account or mode",
    "26": "a signature that is missing, wrong, doubled or of an older scheme",
    "27": "a signature of another time, and an exact replay",
    "28": "signed bytes that are no event",
    "29": "work that takes long",
    "30": "an idempotency key of another form",
    "32": "a body that is too large",
    "33": "a body that is not UTF-8",
    "34": "NUL in a text",
    "35": "numbers out of bounds",
    "36": "numbers of another form",
    "37": "a member twice, or an unknown one",
    "38": "what a form of another site can send",
    "39": "a body that grows, or comes slowly",
    "42": "page sizes out of bounds, and cursors from elsewhere",
    "47": "a refresh token that was stolen and is used twice",
    "48": "an honest refresh that is repeated: two tabs, a lost answer",
    "49": "a refresh after the session is over",
    "50": "another customer's booking",
    "51": "a route that another role may use",
    "54": "a client's address that the client made up",
}


def _named(path: Path) -> Iterator[str]:
    """The rows in the docstrings of the tests that are not skipped."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        is_skipped = any("skip" in ast.unparse(each) for each in node.decorator_list)
        if node.name.startswith("test_") and not is_skipped:
            yield from NAMED.findall(ast.get_docstring(node) or "")


def test_each_row_is_named_by_a_test() -> None:
    files = [path for path in TESTS.rglob("test_*.py") if ".venv" not in path.parts]
    assert {row for path in files for row in _named(path)} == ROWS.keys()
