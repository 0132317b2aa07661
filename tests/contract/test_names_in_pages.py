"""A page names only routes, events, settings, verbs, files, tests and accounts that exist.

Each check reads what is between backquotes in `README.md` and on every page of `docs`; settings and
accounts are found everywhere on a page.
"""

import functools
import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from application.commands import stream_kinds
from application.payment import stripe_event_types
from domain.ledger import accounts
from interfaces.cli import main
from interfaces.http.app import ROUTES
from interfaces.settings import PREFIX, Settings
from tests.architecture import tree

PAGES = [path for path in tree.files() if path.suffix == ".md"]
CODE = {".yml", ".py", ".sql", ".sh", ".toml", ".js", ".html"}
# Names that stand nowhere in the code: `open_checkout.py` and `demo.py` make the first two from
# parts, the library of events the last.
COMPOSED = frozenset({"session_refused", "second_finance", "tickets_tracking"})
# Settings of PostgreSQL, and their values, that the operator chooses and no code of ours does.
OF_POSTGRES = frozenset({"max_slot_wal_keep_size", "remote_write", "replay_lsn", "sent_lsn"})
# Files that the operator writes.
OF_OPERATORS = frozenset({"carriers.toml"})

BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`]+)`")
ROUTE = re.compile(r"(?:(GET|POST|PUT|PATCH|DELETE) )?((?:…/|/(?:api|health|v1|schema)\b)[^\s?]*)")
EVENT = re.compile(rf"(?:{'|'.join(sorted(stream_kinds.KINDS))})\.[a-z_]+(?:\.\d+|\*)?")
SETTING = re.compile(rf"\b{PREFIX}[A-Z_]+\*?")
# `AIS_TEST_SEED` and `AIS_BENCH_BEFORE` are read by tests and benchmarks, `AIS_PG_BIN` by both,
# `AIS_BACKUP_KEY` by the commands about backups, `AIS_SECRETS_DIR` before any command.
READ_ELSEWHERE = re.compile(rf"{PREFIX}(TEST|BENCH|PG|BACKUP|SECRETS)_[A-Z]+")
VERB = re.compile(r"(?:ops/)?ais ([a-z-]+)")
# At the beginning of a line, as in a block.
COMMAND = re.compile(r"^(?:ops/)?ais ([a-z-]+)", re.MULTILINE)
FILE = re.compile(r"[\w/.-]*\w\.(?:py|md|sql|sh|toml)")
# Snake case, and camel case as in JSON or as the name of a class.
NAME = re.compile(r"\b_?[A-Za-z]\w*_\w+|\b[A-Za-z]+[a-z][A-Z]\w*")
ACCOUNT = re.compile(r"\b[Aa]ccounts? (\d{4})\b")


def _unknown(text: str) -> list[str]:
    """The names of a page that do not exist."""
    found = [
        each
        for span in SPAN.findall(BLOCK.sub("", text))
        for each in _unknown_in(" ".join(span.split()))
    ]
    found += [each for each in SETTING.findall(text) if not _is_setting(each)]
    verbs = {each[0] for each in main.VERBS}
    blocks = "\n".join(BLOCK.findall(text))
    found += [f"ais {each}" for each in COMMAND.findall(blocks) if each not in verbs]
    return found + [each for each in ACCOUNT.findall(text) if each not in accounts.CHART]


def _is_file(name: str) -> bool:
    return name in OF_OPERATORS or any(f"/{each}".endswith(f"/{name}") for each in _files())


def _unknown_in(span: str) -> list[str]:
    """What does not exist of the text between two backquotes."""
    checks: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], bool]], ...] = (
        (ROUTE, lambda match: _is_route(match[1], match[2])),
        (EVENT, lambda match: _is_event(match[0])),
        (FILE, lambda match: _is_file(match[0])),
    )
    for pattern, exists in checks:
        if match := pattern.fullmatch(span.partition("?")[0]):
            return [] if exists(match) else [span]
    if verb := VERB.match(span):
        return [] if verb[1] in {each[0] for each in main.VERBS} else [span]
    # Settings are found everywhere on a page, not only here.
    names = [each for each in NAME.findall(span) if not each.startswith(PREFIX)]
    return [each for each in names if not _is_name(each)]


@functools.cache
def _files() -> tuple[str, ...]:
    return tuple(str(path) for path in tree.files())


def _is_route(method: str | None, path: str) -> bool:
    """Whether a route has the path; `…` stands for its beginning, and a beginning has no method."""
    plain = re.sub(r"\{[^}]*\}", "{}", path).rstrip("/")
    if plain.startswith(("/v1", "/schema")):
        return any(f'"{plain}"' in text for text in _code())
    if plain.startswith("…"):
        return any(
            known.endswith(plain[1:]) and method in (None, of_known)
            for of_known, known in _routes()
        )
    if method is None:
        return any(f"{known}/".startswith(f"{plain}/") for _, known in _routes())
    return (method, plain) in _routes()


@functools.cache
def _routes() -> frozenset[tuple[str, str]]:
    """Each method and path, with `{}` for each parameter."""
    return frozenset(
        (str(method), re.sub(r"\{[^}]*\}", "{}", path))
        for handler in ROUTES
        for path in handler.paths
        for method in handler.http_methods
    )


def _is_event(name: str) -> bool:
    """Whether events of ours, or of Stripe, have the name, with or without its version."""
    ours = stream_kinds.EVENT_TYPES
    if name.endswith("*"):
        return any(each.startswith(name[:-1]) for each in ours)
    plain = {each.rpartition(".")[0] for each in ours}
    return name in plain or name in ours or name in stripe_event_types.PAYOUT


def _is_setting(name: str) -> bool:
    known = {f"{PREFIX}{each.name.upper()}" for each in msgspec.structs.fields(Settings)}
    if name.endswith(("*", "_")):
        return any(each.startswith(name.rstrip("*")) for each in known)
    return name in known or (READ_ELSEWHERE.fullmatch(name) is not None and _is_name(name))


def _is_name(name: str) -> bool:
    """Whether the code has the name; that of a member of JSON is in snake case there."""
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    return name in _words() or snake in _words() or name in COMPOSED | OF_POSTGRES


@functools.cache
def _code() -> tuple[str, ...]:
    """Every file of code but this one, which has names that must not exist."""
    here = Path(__file__).relative_to(tree.ROOT)
    files = [path for path in tree.files() if path.suffix in CODE and path != here]
    return tuple(tree.text(path) for path in [*files, Path("ops/ais")])


@functools.cache
def _words() -> frozenset[str]:
    return frozenset(word for text in _code() for word in re.findall(r"\w+", text))


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_name_on_a_page_exists(page: Path) -> None:
    assert _unknown(tree.text(page)) == []


@pytest.mark.parametrize(
    "name",
    [
        *("GET /api/meals", "POST /api/ledger/trial-balance", "/api/meals", "POST …/{id}/meals"),
        *("GET /v1/meals", "payment.eaten", "payment.captured.7", "payment.meal_*", "payout.eaten"),
        *("AIS_MEALS", "AIS_MEALS_*", "AIS_TEST_MEALS", "ais cook", "ops/ais cook --hot"),
        *("meals.py", "domain/meals.py", "test_a_meal_is_served", "MealServed", "mealServed"),
        *("meal_served", "Kitchen.meal_served"),
    ],
)
def test_a_name_that_does_not_exist_is_found(name: str) -> None:
    assert _unknown(f"One `{name}` too many.") != []


def test_an_account_that_does_not_exist_is_found() -> None:
    assert _unknown("From account 1010 to account 1011.") == ["1011"]


def test_a_verb_that_does_not_exist_is_found_in_a_block() -> None:
    assert _unknown("```sh\nops/ais serve\nais cook\n```\n") == ["ais cook"]


def test_names_that_exist_are_known() -> None:
    known = (
        *("GET /api/ledger/trial-balance", "/api/ledger", "POST …/parked-funds/{intent}/return"),
        *("GET /v1/balance_transactions?payout=", "payment.captured", "payment.captured.1"),
        *("payment.*", "payout.paid", "AIS_LIMIT_*", "AIS_DATABASE_URL", "ais stripe backfill"),
        *("fees.py", "domain/pricing/fees.py", "asOfPosition", "FundsParked", "parked_money"),
    )
    assert _unknown(" ".join(f"`{each}`" for each in known)) == []


def test_the_readme_leads_to_every_page() -> None:
    readme = tree.text(Path("README.md"))
    decisions = {page for page in PAGES if page.parent.name == "decisions"}
    others = [page for page in PAGES if page not in decisions and page.name != "README.md"]
    assert [str(page) for page in others if f"({page})" not in readme] == []
