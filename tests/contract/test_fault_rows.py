"""Each fault of payments and webhooks has a test that names its row: `Fault row 21: …`."""

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
NAMED = re.compile(r'"""Fault row ([0-9]+[a-z]?)\b')
ROWS = {
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
}


def test_each_row_is_named_by_a_test() -> None:
    named: dict[str, list[str]] = {}
    for path in TESTS.rglob("test_*.py"):
        if ".venv" in path.parts or path == Path(__file__):
            continue
        for row in NAMED.findall(path.read_text("utf-8")):
            named.setdefault(row, []).append(path.name)
    assert named.keys() == ROWS.keys()
