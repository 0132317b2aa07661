"""The glossary has an entry for every aggregate, for the noun of every event, for every status."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import domain
from application.commands import stream_kinds

PAGE = Path(__file__).resolve().parents[2] / "docs" / "glossary.md"
# What ends the name of an event: what happened to the noun before it.
HAPPENED = re.compile(
    r"(CheckedIn|DividedOff|ChargedBack|"
    r"[A-Z][a-z]+ed|Paid|Sold|Spent|Held|Won|Lost|Left|Flown|Chosen|Withdrawn)$"
)


def _rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading, without its head."""
    section = PAGE.read_text("utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def _nouns(event: str) -> list[str]:
    """`CheckInAccepted` is about check in, `BookingPaymentFailed` about booking and payment."""
    name = event
    while found := HAPPENED.search(name):
        name = name[: found.start()]
    words = [word.lower().removesuffix("s") for word in re.findall("[A-Z][a-z]*", name)]
    return ["-".join(words)] if words[-1] in {"in", "out"} else words


def _statuses() -> Iterator[tuple[str, str]]:
    for module in pkgutil.walk_packages(domain.__path__, "domain."):
        for name, thing in vars(importlib.import_module(module.name)).items():
            is_status = isinstance(thing, type) and issubclass(thing, StrEnum)
            if is_status and name.endswith("Status") and thing.__module__ == module.name:
                owner = name.removesuffix("Status").lower() or "booking"
                yield from ((member.name.lower(), owner) for member in thing)


def test_the_noun_of_an_event_is_what_it_happened_to() -> None:
    assert _nouns("BookingPaymentFailed") == ["booking", "payment"]
    assert _nouns("PassengersCheckedIn") == ["passenger"]
    assert _nouns("CheckInAccepted") == ["check-in"]
    assert _nouns("SeatsSold") == ["seat"]


def test_every_aggregate_and_the_noun_of_every_event_have_an_entry() -> None:
    words = {row[0] for row in _rows("Words")}
    # The fund of unapplied funds, the document that is a travel document.
    known = words | {word.split()[-1] for word in words}
    known |= {word.removesuffix("s") for word in known}
    assert len(words) > 80
    assert set(stream_kinds.KINDS) <= words
    events = [event.__name__ for event in stream_kinds.EVENT_TYPES.values()]
    nouns = [_nouns(event) for event in events]
    unknown = [words_of for words_of in nouns if " ".join(words_of) not in words]
    assert {noun for words_of in unknown for noun in words_of} - known == set()


def test_every_status_has_an_entry_and_no_other_is_listed() -> None:
    listed = [(status, owner) for status, owner, _ in _rows("Statuses")]
    statuses = list(_statuses())
    assert len(statuses) > 30
    assert sorted(listed) == sorted(statuses)


def test_the_words_are_in_alphabetical_order_and_each_is_explained_once() -> None:
    words = [row[0].lower() for row in _rows("Words")]
    assert words == sorted(words)
    assert len(words) == len(set(words))
    assert all(row[1] for row in _rows("Words"))
