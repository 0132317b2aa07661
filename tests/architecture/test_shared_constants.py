"""Lock numbers, channels, id formats and Stripe event types have one home each."""

import ast
import enum
import functools
import re
from pathlib import Path

import pytest

from application.commands import stream_kinds
from application.coordination import Channel, Lock
from application.payment import stripe_event_types
from domain.kernel import ids
from tests.architecture import tree

COORDINATION = Path("application/coordination.py")
IDS = Path("domain/kernel/ids.py")
EVENT_TYPES = Path("application/payment/stripe_event_types.py")
SIMULATOR = Path("infrastructure/stripe_simulator")
SELF = Path("tests/architecture/test_shared_constants.py")

LOCK_NUMBER = re.compile(r"\b(" + "|".join(str(int(lock)) for lock in Lock) + r")\b")
CHANNEL = re.compile(r"\b(" + "|".join(Channel) + r")\b")
# `booking-` as the beginning of an id: `booking-events` is only a word.
STREAM_ID = re.compile(r"(?<![\w/-])(" + "|".join(ids.StreamPrefix) + r")-(?![a-z])")


def _documented(module: ast.Module) -> set[ast.Constant]:
    """The docstrings, which may show examples."""
    return {
        node.body[0].value
        for node in ast.walk(module)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
        and isinstance(node.body[0].value, ast.Constant)
    }


@functools.cache
def _constants(path: Path) -> tuple[tuple[int, str], ...]:
    """Line and text of each literal of a Python file, except docstrings."""
    module = tree.parsed(path)
    documented = _documented(module)
    return tuple(
        (node.lineno, str(node.value))
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and node not in documented
    )


def _found(pattern: re.Pattern[str], files: tuple[Path, ...], homes: set[Path]) -> list[str]:
    assert len(files) > 100
    assert homes <= set(files)
    return [
        f"{path}:{line} {text!r}"
        for path in files
        if path not in homes
        for line, text in _constants(path)
        if pattern.search(text)
    ]


@pytest.mark.parametrize("names", [Lock, Channel, ids.StreamPrefix])
def test_no_two_names_share_a_value(names: type[enum.Enum]) -> None:
    assert len(names.__members__) == len(list(names)) >= 2


def test_lock_numbers_and_channels_are_written_in_one_file() -> None:
    assert LOCK_NUMBER.search("SELECT pg_advisory_lock(7301)")
    homes = {COORDINATION, SELF}
    assert _found(LOCK_NUMBER, tree.python_files(), homes) == []
    assert _found(CHANNEL, tree.python_files(), homes) == []


def test_stream_ids_are_made_and_taken_apart_in_one_file() -> None:
    for text in ("booking-", "starts with payment-ABC234", r"^flight-[A-Z]"):
        assert STREAM_ID.search(text)
    assert not STREAM_ID.search("/api/flight-search and booking-events")
    assert _found(STREAM_ID, tree.layer_files(), {IDS}) == []


def test_every_kind_of_stream_has_its_prefix() -> None:
    assert set(stream_kinds.KINDS) == set(ids.StreamPrefix)


def test_stripe_event_types_are_listed_in_one_file() -> None:
    names = "|".join(re.escape(name) for name in stripe_event_types.SUPPORTED)
    # `payout.paid.1` is a tag of ours.
    known = re.compile(rf"(?:{names})(?!\.[0-9])")
    files = tuple(path for path in tree.layer_files() if SIMULATOR not in path.parents)
    assert _found(known, files, {EVENT_TYPES}) == []


def _migrations() -> str:
    found = [tree.text(path) for path in tree.files() if path.suffix == ".sql"]
    assert len(found) >= 5
    return "\n".join(found)


def test_migrations_take_the_locks_and_notify_the_channels_of_the_code() -> None:
    sql = _migrations()
    locks = re.findall(r"pg_\w*advisory\w*\((\d+)", sql)
    assert {int(number) for number in locks} == {Lock.LOG_APPEND}
    assert set(re.findall(r"pg_notify\('(\w+)'", sql)) == {
        Channel.LOG,
        Channel.SESSION,
        Channel.MODE,
    }


def test_migrations_know_streams_by_the_prefixes_of_the_code() -> None:
    prefixes = re.findall(r"starts_with\((?:e\.)?stream, '([^']*)'\)", _migrations())
    assert set(prefixes) == {f"{ids.StreamPrefix.FLIGHT}-"}
