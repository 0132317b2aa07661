"""What has a file of its own is listed once and named after its file."""

from pathlib import Path

from application.processes.process import Process
from application.processes.registry import PROCESSES
from interfaces.worker.timers.registry import TIMERS
from interfaces.worker.timers.timer import Timer
from tests.architecture import tree

PROCESS_FOLDER = Path("application/processes")
TIMER_FOLDER = Path("interfaces/worker/timers")


def _names(folder: Path, declaration: str) -> list[str]:
    """The files of a folder that declare something of this name."""
    return sorted(
        path.stem
        for path in tree.layer_files()
        if path.parent == folder and f"\n{declaration} = " in tree.text(path)
    )


def test_every_process_file_is_listed_and_names_its_process() -> None:
    names = [process.name for process in PROCESSES]
    assert all(isinstance(process, Process) for process in PROCESSES)
    assert sorted(names) == _names(PROCESS_FOLDER, "PROCESS")
    assert all("_when_" in name for name in names)


def test_every_process_is_started_by_some_event() -> None:
    assert [process.name for process in PROCESSES if not process.starts_on] == []


def test_every_timer_file_is_listed_and_names_its_timer() -> None:
    assert all(isinstance(timer, Timer) for timer in TIMERS)
    assert sorted(timer.name for timer in TIMERS) == _names(TIMER_FOLDER, "TIMER")
