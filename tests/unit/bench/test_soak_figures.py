"""The soak compares the end with the moment after a tenth of the bookings, and misses what grew."""

import os
import subprocess
import sys

import msgspec
import pytest

from tests.bench import soak, soak_growth
from tests.bench.soak_growth import AT_ONCE, GROWING, MEBIBYTE, Part, Sample

WEB = Part(memory=100 * MEBIBYTE, files=50)
CALM = {"web": WEB, "Stripe stand-in": WEB}
TABLES = {"ledger.event": 0, "process.flight_task": 0, "signed_captures_g1.signed_captures": 0}


def sample(bookings: int, parts: dict[str, Part] | None = None, **changed: object) -> Sample:
    found = Sample(float(bookings), bookings, parts or CALM, 20, TABLES)
    return msgspec.structs.replace(found, **changed)


def missed(*last: Sample) -> list[str]:
    """Return the cases that the end misses, after a calm begin."""
    begin = [sample(number) for number in range(0, 20_000, 1_000)]
    end = last if len(last) > 1 else last * AT_ONCE
    cases = soak_growth.cases_of([*begin, *end], first_bookings=10_000)
    return [case.case for case in cases if not case.holds]


def web(*, memory: int = 100, files: int = 50) -> dict[str, Part]:
    return {**CALM, "web": Part(memory * MEBIBYTE, files)}


@pytest.mark.parametrize(
    ("last", "cases"),
    [
        (sample(100_000), []),
        (sample(100_000, web(memory=120)), []),
        (sample(100_000, web(memory=121)), ["web memory"]),
        (sample(100_000, web(files=65)), []),
        (sample(100_000, web(files=66)), ["web files"]),
        (sample(100_000, connections=33), ["connections"]),
        (sample(100_000, {**CALM, "Stripe stand-in": Part(10**12, 10**6)}), []),
        (sample(100_000, tables={**TABLES, "ledger.event": 10**9}), []),
        (
            sample(100_000, tables={**TABLES, "process.flight_task": 10**9}),
            ["tables that may not grow: process.flight_task"],
        ),
    ],
)
def test_the_end_is_judged_by_what_it_was_after_a_tenth(last: Sample, cases: list[str]) -> None:
    assert missed(last) == cases


def test_a_process_that_came_later_was_started_again() -> None:
    assert missed(sample(100_000, {**CALM, "worker": WEB})) == ["worker memory", "worker files"]


def test_one_moment_of_much_memory_is_no_growth() -> None:
    high = sample(100_000, web(memory=500))
    assert missed(*[sample(100_000)] * (AT_ONCE - 2), high, high) == []


def test_a_run_that_ended_too_early_is_not_judged() -> None:
    with pytest.raises(ValueError, match="10,000 bookings"):
        soak_growth.cases_of([sample(9_999)] * 50, first_bookings=10_000)


def test_a_read_model_of_unfinished_work_may_not_grow() -> None:
    assert soak_growth.may_grow("booking_list_g3.booking_list")
    assert not soak_growth.may_grow("unfinished_refunds_g3.unfinished_refunds")
    assert not soak_growth.may_grow("process.checkpoint")
    assert all(soak_growth.may_grow(table) for table in GROWING)


def test_memory_and_open_files_are_those_of_the_processes_below() -> None:
    def read() -> Part:
        return soak_growth.parts_below(os.getpid())["migrate"]

    # It holds fifty more mebibytes and twenty more files once it is told to.
    code = (
        "import os, sys; print('ready', flush=True); sys.stdin.readline();"
        "held = b'x' * (50 << 20); files = [os.dup(0) for _ in range(20)];"
        "print('holds', flush=True); sys.stdin.readline()"
    )
    arguments = [sys.executable, "-c", code, "-m", "interfaces.cli.main", "migrate"]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.readline()
        before = read()
        child.stdin.write("\n")
        child.stdin.flush()
        child.stdout.readline()
        after = read()
        child.stdin.close()
    assert after.files == before.files + 20
    assert after.memory - before.memory >= 50 * MEBIBYTE


def test_its_length_is_chosen() -> None:
    whole = soak.lengths_of(quick=False, minutes=None, bookings=None)
    assert (whole.bookings, whole.minutes) == (100_000, 20.0)
    assert soak.lengths_of(quick=False, minutes=3.0, bookings=500).bookings == 500
    assert soak.lengths_of(quick=True, minutes=None, bookings=None).bookings < 100
