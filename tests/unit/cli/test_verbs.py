"""The command line: every verb is there, explains itself, and costs nothing until it is used."""

import gc
import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from cyclopts import App

from interfaces.cli import bench, main, migrate
from interfaces.cli import test as gates

ROOT = Path(__file__).resolve().parents[3]
PASSES = ("-c", "")
FAILS = ("-c", "raise SystemExit(3)")


def test_every_verb_names_a_documented_function() -> None:
    assert len(main.VERBS) >= 10
    for verb, function, line in main.VERBS:
        module, _, name = function.partition(":")
        assert module == f"interfaces.cli.{verb.replace('-', '_')}"
        found = getattr(importlib.import_module(module), name)
        assert found.help if isinstance(found, App) else found.__doc__, verb
        assert line.endswith(".")


def test_the_version_is_the_package_s() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == main.VERSION


def test_help_lists_all_verbs_and_loads_none_of_them() -> None:
    program = (
        "import sys; sys.argv = ['ais', '--help']\n"
        "from interfaces.cli import main\n"
        "try:\n    main.main()\n"
        "finally:\n    print(*sorted(sys.modules), file=sys.stderr)\n"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(shown.stderr.split())
    assert "cyclopts" in loaded
    assert loaded.isdisjoint({"psycopg", "litestar", "stripe", "interfaces.cli.demo"})
    for verb, _, line in main.VERBS:
        assert verb in shown.stdout
        assert line in shown.stdout


@pytest.mark.parametrize("asked", ["bench", "no-such", None])
def test_garbage_is_collected_once_a_verb_is_imported(asked: str | None) -> None:
    main.load(asked)
    assert gc.isenabled()


def test_an_unknown_benchmark_is_answered_with_the_known_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert bench.bench("no-such") == 2
    printed = capsys.readouterr().err
    assert all(name in printed for name in bench.NAMES)


def test_only_benchmarks_that_can_be_quick_take_quick(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(bench.NAMES) > bench.QUICK
    for name in (None, "reserve"):
        assert bench.bench(name, quick=True) == 2
        printed = capsys.readouterr().err
        assert all(quick in printed for quick in bench.QUICK)


def test_only_timed_benchmarks_take_minutes_and_not_too_many(
    capsys: pytest.CaptureFixture[str],
) -> None:
    timed = sorted(bench.MINUTES_LIMITS)
    for name, quick in ((None, False), ("reserve", False), *((each, True) for each in timed)):
        assert bench.bench(name, quick=quick, minutes=1.0) == 2
        assert "--minutes" in capsys.readouterr().err
    for name in timed:
        assert bench.bench(name, minutes=bench.MINUTES_LIMITS[name] + 0.1) == 2
        assert f"at most for {name}" in capsys.readouterr().err


def test_only_the_load_test_ramps_and_only_searches(capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("ramp", "search_only"):
        for name in {None, *bench.NAMES} - {"load"}:
            assert bench.bench(name, **{option: True}) == 2
            assert f"--{option.replace('_', '-')} is for load" in capsys.readouterr().err
    assert bench.bench("load", ramp=True, minutes=1.0) == 2
    assert "--ramp" in capsys.readouterr().err


def test_only_the_soak_takes_a_number_of_bookings(capsys: pytest.CaptureFixture[str]) -> None:
    for name, quick in (
        *((each, False) for each in {None, *bench.NAMES} - {"soak"}),
        ("soak", True),
    ):
        assert bench.bench(name, quick=quick, bookings=100) == 2
        assert "--bookings is for soak" in capsys.readouterr().err


def test_only_the_replay_takes_a_number_of_events(capsys: pytest.CaptureFixture[str]) -> None:
    for name in {None, *bench.NAMES} - {"replay"}:
        assert bench.bench(name, events=1_000) == 2
        assert "--events is for replay" in capsys.readouterr().err


def test_migrate_without_a_database_names_the_missing_setting(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AIS_ADMIN_DATABASE_URL", raising=False)
    monkeypatch.delenv("AIS_DATABASE_URL", raising=False)
    assert migrate.migrate() == 2
    assert "AIS_ADMIN_DATABASE_URL" in capsys.readouterr().err


def test_a_failing_gate_fails_the_run_and_stops_no_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert gates.run_gates((("first", FAILS), ("second", PASSES), ("third", FAILS))) == 1
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("ais test: second ok") for line in lines)
    assert lines[-1].startswith("ais test: FAILED: first, third")


def test_when_all_gates_pass_the_last_line_reports_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert gates.run_gates((("first", PASSES), ("second", PASSES))) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("ais test: all 2 gates passed")
