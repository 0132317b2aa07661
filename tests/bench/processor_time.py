"""Processor time of a benchmark's processes, by the part of the system that they are."""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")
# Parts that belong to the benchmark, not to what is measured.
HARNESS = "benchmark"
STRIPE = "Stripe stand-in"
POSTGRES = "postgres"
VALKEY = "valkey"
# What a journey costs us: Stripe is an outside system, and Valkey another server.
NOT_OURS = frozenset({HARNESS, STRIPE, VALKEY})


class Process(msgspec.Struct, frozen=True):
    """A running process; `seconds` of processor time since its start."""

    parent: int
    part: str
    seconds: float


def below(root: int) -> dict[int, Process]:
    """Return every process that descends from this one, by process id."""
    running = {pid: found for pid in _all() if (found := _read(pid)) is not None}
    return {pid: found for pid, found in running.items() if _descends(pid, root, running)}


def spent(earlier: Mapping[int, Process], later: Mapping[int, Process]) -> dict[str, float]:
    """Return the seconds between two readings, by part; without the benchmark's own."""
    total: defaultdict[str, float] = defaultdict(float)
    for pid, process in later.items():
        already = earlier[pid].seconds if pid in earlier else 0.0
        if process.part != HARNESS:
            total[process.part] += process.seconds - already
    return dict(total)


def part_of(name: str, arguments: str) -> str:
    """Return the part that a process is, by its program's name and its command line."""
    words = arguments.split()
    if name.startswith("postgres") or arguments.startswith("postgres:"):
        return POSTGRES
    if name.startswith("valkey"):
        return VALKEY
    if "infrastructure.stripe_simulator" in words:
        return STRIPE
    if "interfaces.cli.main" in words:
        return words[words.index("interfaces.cli.main") + 1]
    if "tests.bench.crud_server" in words:
        return "web"
    return HARNESS


def _descends(pid: int, root: int, running: Mapping[int, Process]) -> bool:
    seen = set()
    while pid in running and pid not in seen:
        seen.add(pid)
        pid = running[pid].parent
        if pid == root:
            return True
    return False


def _read(pid: int) -> Process | None:
    """Return the process, None when it has ended. Its fields: proc(5), `/proc/pid/stat`."""
    try:
        stat = (PROC / str(pid) / "stat").read_text()
        arguments = (PROC / str(pid) / "cmdline").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    head, _, tail = stat.rpartition(")")
    fields = tail.split()
    return Process(
        parent=int(fields[1]),
        part=part_of(head.partition("(")[2], arguments.replace("\0", " ")),
        seconds=(int(fields[11]) + int(fields[12])) / TICKS,
    )


def _all() -> Iterator[int]:
    return (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())
