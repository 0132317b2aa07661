"""The journey's benchmark computes what it prints, and finds the commit that it compares with."""

import io
import json
import subprocess
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from tests.bench import (
    bench_setup,
    journey,
    journey_stage,
    processor_time,
    stored_bytes,
    tree_before,
)
from tests.bench.journey import Round
from tests.bench.processor_time import Process
from tests.bench.stored_bytes import Stored


def _round(rate: float, *, confirmed_ms: float, cpu: dict[str, float]) -> Round:
    return Round(rate, confirmed_ms, 2 * confirmed_ms, {}, cpu, {})


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    _git(folder, "init", "--quiet")
    for subject in ("Add seats", "Lower a fee", "Sell seats"):
        (folder / "file.txt").write_text(subject)
        _git(folder, "add", ".")
        _git(folder, "commit", "--quiet", "-m", subject)
    return folder


def test_every_ratio_of_the_journey_grows_when_ours_gets_better() -> None:
    rounds = {
        "before": [_round(50, confirmed_ms=2_000, cpu={"worker": 12, "postgres": 8})] * 3,
        "ours": [_round(150, confirmed_ms=100, cpu={"serve": 4, "postgres": 4})] * 3,
        "crud": [_round(75, confirmed_ms=150, cpu={"web": 6, "postgres": 4})] * 3,
    }
    found = {case.case: case for case in journey.cases_of(rounds)}
    assert {name: case.ratio for name, case in found.items()} == {
        "before": 3.0,
        "crud": 2.0,
        "confirm_p50": 20.0,
        "cpu": 2.5,
    }
    assert all(case.holds for case in found.values())
    assert (found["confirm_p50"].ours, found["confirm_p50"].reference) == (100, 2_000)


def test_what_is_printed_and_the_json_hold_every_case_part_and_kind_of_bytes() -> None:
    one = msgspec.structs.replace(
        _round(50, confirmed_ms=80, cpu={"web": 3.25, "postgres": 2}),
        stage_ms={"search": 4},
        written={"WAL": 9_000.5},
    )
    rounds = {name: [one, one] for name in ("before", "ours", "crud")}
    cases = journey.cases_of(rounds)
    result = json.loads(json.dumps(journey.result_of(rounds, cases, "0123abc")))
    assert [case["case"] for case in result["cases"]] == ["before", "crud", "confirm_p50", "cpu"]
    assert {"ours", "reference", "ratio", "bar", "holds"} <= set(result["cases"][0])
    assert result["bytes"] == {name: {"WAL": 9_000.5} for name in rounds}
    with io.StringIO() as printed:
        journey.show(Console(file=printed, width=120), rounds, cases)
        for text in ("confirm_p50", "search", "web", "3.25", "WAL", "9,000.50", "NO"):
            assert text in printed.getvalue()


def test_a_ratio_is_the_median_of_the_ratios_of_the_rounds() -> None:
    rounds = {
        name: [_round(rate, confirmed_ms=rate, cpu={"web": rate}) for rate in rates]
        for name, rates in {
            "ours": (10, 20, 90),
            "before": (10, 10, 30),
            "crud": (5, 20, 30),
        }.items()
    }
    found = {case.case: case for case in journey.cases_of(rounds)}
    assert found["before"].ratio == 2.0
    assert found["crud"].ratio == 2.0
    assert not found["cpu"].holds


def test_processor_time_of_a_journey_leaves_out_stripe_valkey_and_the_benchmark() -> None:
    earlier = {10: Process(1, "web", 5.0), 11: Process(1, "postgres", 1.0)}
    later = {
        10: Process(1, "web", 7.0),
        11: Process(1, "postgres", 2.0),
        12: Process(1, "postgres", 0.5),
        13: Process(1, processor_time.STRIPE, 9.0),
        14: Process(1, processor_time.HARNESS, 9.0),
    }
    spent = processor_time.spent(earlier, later)
    assert spent == {"web": 2.0, "postgres": 1.5, processor_time.STRIPE: 9.0}
    assert _round(1, confirmed_ms=1, cpu=spent).our_cpu_ms == 3.5


@pytest.mark.parametrize(
    ("name", "arguments", "part"),
    [
        ("python", "/usr/bin/python -m interfaces.cli.main worker", "worker"),
        ("python", "/usr/bin/python -m interfaces.cli.main serve", "serve"),
        ("python", "/usr/bin/python -m tests.bench.crud_server 7", "web"),
        ("python", "python -m infrastructure.stripe_simulator --port 1", processor_time.STRIPE),
        ("postgres", "postgres: ais_application ais [local] idle", processor_time.POSTGRES),
        ("valkey-server", "valkey-server 127.0.0.1:1", processor_time.VALKEY),
        ("python", "python -P tests/bench/journey_stage.py /tmp/x 1", processor_time.HARNESS),
    ],
)
def test_every_process_counts_for_its_part(name: str, arguments: str, part: str) -> None:
    assert processor_time.part_of(name, arguments) == part


def test_processor_time_is_read_of_all_descendants_and_of_no_other_process() -> None:
    with subprocess.Popen(["/bin/sh", "-c", "sleep 30 & wait"], start_new_session=True) as shell:
        try:
            found: dict[int, Process] = {}
            while not any("sleep" in Path(f"/proc/{pid}/comm").read_text() for pid in found):
                found = processor_time.below(shell.pid)
            assert {process.parent for process in found.values()} == {shell.pid}
        finally:
            for pid in (*found, shell.pid):
                subprocess.run(["/bin/kill", str(pid)], check=False)


def test_the_bytes_of_a_journey_are_what_grew_divided_by_the_journeys() -> None:
    earlier = Stored(wal=1_000, indexes=100, tables={"ledger.event": 50, "ledger.posting": 10})
    later = Stored(
        wal=9_000,
        indexes=500,
        tables={"ledger.event": 450, "ledger.posting": 210, "inbox.stripe_event": 40},
    )
    assert stored_bytes.written(earlier, later, journeys=4) == {
        "events": 100.0,
        "postings": 50.0,
        "other tables": 10.0,
        "indexes": 100.0,
        "WAL": 2_000.0,
    }


def test_the_commit_before_is_found_by_its_subject(repository: Path) -> None:
    commit = tree_before.find_commit(repository, None, subject="Lower a fee")
    assert commit == _git(repository, "rev-parse", "HEAD~1")


def test_the_commit_before_can_be_named(repository: Path) -> None:
    with tree_before.checked_out(repository, {tree_before.VARIABLE: "HEAD~2"}) as (name, tree):
        assert (tree / "file.txt").read_text() == "Add seats"
        assert _git(repository, "rev-parse", "HEAD~2").startswith(name)
    assert not tree.exists()


def test_the_tree_before_can_be_a_folder(repository: Path) -> None:
    named = {tree_before.VARIABLE: str(repository)}
    with tree_before.checked_out(Path("/nowhere"), named) as (_, tree):
        assert tree == repository
    assert tree.exists()


def test_a_history_without_the_commit_is_refused_with_the_setting_to_use(
    repository: Path, tmp_path: Path
) -> None:
    for folder in (repository, tmp_path):
        with pytest.raises(tree_before.CommitMissing, match=tree_before.VARIABLE):
            tree_before.find_commit(folder, None)


def test_every_limit_of_a_tree_is_lifted_and_nothing_else() -> None:
    names = ("limit_booking", "stripe_limit_account", "host", "limits_file")
    lifted = journey_stage.without_limits(names)
    assert set(lifted) == {"AIS_LIMIT_BOOKING", "AIS_STRIPE_LIMIT_ACCOUNT"}


def test_processes_of_a_benchmark_inherit_no_setting_that_the_product_lacks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(tree_before.VARIABLE, "HEAD~1")
    monkeypatch.setenv("AIS_PG_BIN", "/usr/lib/postgresql/15/bin")
    inherited = bench_setup.inherited()
    assert tree_before.VARIABLE not in inherited
    assert inherited["AIS_PG_BIN"] == "/usr/lib/postgresql/15/bin"
