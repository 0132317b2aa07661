"""The documents point at things that exist, and their figures are those of the code."""

import datetime as dt
import re
from pathlib import Path

import pytest

from domain.kernel import entries, money
from domain.ledger import accounts, carriage
from domain.ledger import rules as ledger_rules
from domain.pricing import rules as pricing_rules
from tests.integration.docs import walkthrough
from tests.integration.docs.running_demo import ROOT
from tests.support import launch_prices

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
LINK = re.compile(r"\]\((?!https?://)([^)#\s]+)")
CODE_PATH = re.compile(
    r"`((?:domain|application|projections|infrastructure|interfaces|ops|tests|docs)/[\w/.-]+)`"
)
# A redirection or an output of curl into a file of the folder in which the reader works.
WRITTEN_FILE = re.compile(r"(?:>>?|-o) ([\w./-]+\.[a-z]+)\b")
# A reader that ends first breaks the pipe of a larger answer, and the shell ends with an error.
CUT_PIPE = re.compile(r"\| head\b")
TEST_NAME = re.compile(r"`(test_\w+)`")
SECTIONS = ("Context", "Decision", "Consequences", "Alternatives", "Enforced by")


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_link_and_path_on_a_page_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    broken = [link for link in LINK.findall(text) if not (page.parent / link).exists()]
    broken += [path for path in CODE_PATH.findall(text) if not (ROOT / path).exists()]
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_no_command_on_a_page_writes_a_file_where_the_reader_works(page: Path) -> None:
    scripts = [part.script for part in walkthrough.read_parts(page)]
    assert [name for script in scripts for name in WRITTEN_FILE.findall(script)] == []


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_no_command_on_a_page_reads_only_the_beginning_of_a_pipe(page: Path) -> None:
    scripts = [part.script for part in walkthrough.read_parts(page)]
    assert [script for script in scripts if CUT_PIPE.search(script)] == []


@pytest.mark.parametrize("page", DECISIONS, ids=page_id)
def test_a_decision_has_its_five_parts_and_fits_a_page(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.match(rf"# {page.name[:4]} \S", text)
    assert re.findall(r"^\*\*([\w ]+)\.\*\*", text, re.MULTILINE) == list(SECTIONS)
    assert len(text.split()) < 420
    context = text.split("**Context.**")[1].split("**Decision.**")[0]
    assert len(re.findall(r"[.:?](?:\s|$)", context)) in (4, 5)


def test_the_decisions_are_numbered_without_a_gap() -> None:
    assert len(DECISIONS) >= 11
    numbers = [f"{n:04d}" for n in range(1, len(DECISIONS) + 1)]
    assert [page.name[:4] for page in DECISIONS] == numbers


def test_every_test_that_a_decision_names_exists() -> None:
    named = {name for page in DECISIONS for name in TEST_NAME.findall(page.read_text("utf-8"))}
    tests = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    defined = set(re.findall(r"^(?:async )?def (test_\w+)", tests, re.MULTILINE))
    assert len(named) >= 10
    assert named - defined == set()


def test_the_worked_example_of_the_ledger_page_is_what_the_rules_post() -> None:
    fare = launch_prices.segment_fare(money.Money(320_00, "SAR"), taxed=True)
    price = pricing_rules.price_journey(segments=(fare,), passengers=("ADT",))
    now = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
    capture = ledger_rules.capture_entry(
        booking="booking-7KQ2MX", amount=price.total(), references=("pi_1",), now=now
    )
    ticketing = carriage.ticketing_entry(
        carriage.Posted("booking-7KQ2MX", ("0001000000001",), now), price=price
    )
    page = (ROOT / "docs" / "explanation" / "ledger.md").read_text(encoding="utf-8")
    page = page.partition("## What happens later")[0]
    shown = re.findall(r"^\|.*\| \d{4} .*\|$", page, re.MULTILINE)
    assert shown == [*_rows("capture", capture), *_rows("ticketing", ticketing)]


def _rows(event: str, entry: entries.Entry) -> list[str]:
    rows = []
    for place, posting in enumerate(entry.postings):
        name = f"{posting.account} {accounts.CHART[posting.account].name}"
        amount = money.display(money.Money(abs(posting.amount), posting.currency)).split()[0]
        debit, credit = (f"{amount} ", "") if posting.amount > 0 else ("", f"{amount} ")
        cells = [f" {event} " if place == 0 else " ", f" {name} ", f" {debit}", f" {credit}"]
        rows.append(f"|{'|'.join(cells)}|")
    return rows
