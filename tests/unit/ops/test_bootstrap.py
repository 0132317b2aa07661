"""`ops/ais` makes the environment once, again when needed, and never over another one."""

import fcntl
import importlib.machinery
import importlib.util
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "ops" / "ais"
# A fake uv: makes the folder with a python in it, as slowly as configured.
FAKE_UV = """#!/bin/sh
echo "$1" >> "{log}"
if [ "$1" = venv ]; then
    sleep {seconds}
    for folder; do :; done
    mkdir -p "$folder/bin" && ln -s "{python}" "$folder/bin/python"
fi
exit {code}
"""


@pytest.fixture
def ais() -> ModuleType:
    """Return the script as a module."""
    loader = importlib.machinery.SourceFileLoader("ops_ais", str(SCRIPT))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


class Repository:
    """A root with a lock, and a fake uv on the path that logs its arguments."""

    def __init__(self, root: Path, programs: Path) -> None:
        self.root = root
        self.log = programs / "asked"
        self.log.touch()
        self._uv = programs / "uv"
        (root / "ops").mkdir(parents=True)
        (root / "ops" / "requirements.lock").write_text("one==1\n")
        self.uv_takes(seconds=0, code=0)

    def uv_takes(self, *, seconds: float, code: int) -> None:
        """Set how long the fake uv works and its exit code."""
        self._uv.write_text(
            FAKE_UV.format(log=self.log, seconds=seconds, python=sys.executable, code=code)
        )
        self._uv.chmod(0o755)

    def times_made(self) -> int:
        """Return how often uv started to make an environment."""
        return self.log.read_text().split().count("venv")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return Repository(tmp_path / "a root with spaces", programs)


def test_an_environment_is_made_once(ais: ModuleType, repository: Repository) -> None:
    for _ in range(2):
        ais.prepare(ais.Environment(repository.root))
    assert repository.times_made() == 1
    assert ais.Environment(repository.root).is_ready()


def test_a_changed_lock_makes_it_again(ais: ModuleType, repository: Repository) -> None:
    ais.prepare(ais.Environment(repository.root))
    (repository.root / "ops" / "requirements.lock").write_text("one==2\n")
    ais.prepare(ais.Environment(repository.root))
    assert repository.times_made() == 2


def test_an_environment_without_its_python_is_made_again(
    ais: ModuleType, repository: Repository
) -> None:
    environment = ais.Environment(repository.root)
    ais.prepare(environment)
    environment.python.unlink()
    environment.python.symlink_to("/nowhere/python")
    ais.prepare(environment)
    assert environment.is_ready()


def test_a_half_made_environment_is_made_again(ais: ModuleType, repository: Repository) -> None:
    environment = ais.Environment(repository.root)
    ais.prepare(environment)
    environment.stamp.unlink()
    (environment.folder / "half").touch()
    ais.prepare(environment)
    assert environment.is_ready()
    assert not (environment.folder / "half").exists()
    assert not environment.aside.exists()


def test_an_environment_of_another_maker_is_moved_aside_and_never_deleted(
    ais: ModuleType, repository: Repository
) -> None:
    environment = ais.Environment(repository.root)
    environment.folder.mkdir()
    (environment.folder / "theirs").touch()
    ais.prepare(environment)
    assert environment.is_ready()
    assert (environment.aside / "theirs").exists()


def test_a_second_environment_of_another_maker_stops_the_start(
    ais: ModuleType, repository: Repository, capfd: pytest.CaptureFixture[str]
) -> None:
    environment = ais.Environment(repository.root)
    for folder in (environment.folder, environment.aside):
        folder.mkdir()
    with pytest.raises(SystemExit):
        ais.prepare(environment)
    assert "remove one" in capfd.readouterr().err
    assert environment.folder.exists()
    assert environment.aside.exists()


def test_a_link_is_used_as_it_is(ais: ModuleType, repository: Repository, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    (shared / "bin").mkdir(parents=True)
    (shared / "bin" / "python").symlink_to(sys.executable)
    environment = ais.Environment(repository.root)
    environment.folder.symlink_to(shared)
    ais.prepare(environment)
    assert repository.times_made() == 0
    assert [path.name for path in shared.iterdir()] == ["bin"]


def test_a_link_to_nowhere_is_reported_and_left(
    ais: ModuleType, repository: Repository, capfd: pytest.CaptureFixture[str]
) -> None:
    environment = ais.Environment(repository.root)
    environment.folder.symlink_to(repository.root / "gone")
    with pytest.raises(SystemExit):
        ais.prepare(environment)
    assert "remove the link" in capfd.readouterr().err
    assert environment.folder.is_symlink()


def test_runs_at_once_make_it_once(ais: ModuleType, repository: Repository) -> None:
    repository.uv_takes(seconds=0.3, code=0)
    with ThreadPoolExecutor(4) as threads:
        runs = [threads.submit(ais.prepare, ais.Environment(repository.root)) for _ in range(4)]
    for run in runs:
        run.result()
    assert repository.times_made() == 1
    assert ais.Environment(repository.root).is_ready()


def test_a_waiting_run_reports_what_it_waits_for(
    ais: ModuleType, repository: Repository, capfd: pytest.CaptureFixture[str]
) -> None:
    environment = ais.Environment(repository.root)
    with environment.guard.open("a+") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        run = threading.Thread(target=ais.prepare, args=(environment,))
        run.start()
        seen = ""
        while "waiting" not in seen and run.is_alive():
            seen += capfd.readouterr().err
        assert repository.times_made() == 0
    run.join()
    assert "waiting" in seen
    assert repository.times_made() == 1


def test_when_neither_uv_nor_pip_can_make_it_the_next_run_starts_over(
    ais: ModuleType,
    repository: Repository,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    repository.uv_takes(seconds=0, code=1)
    environment = ais.Environment(repository.root)
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "ensurepip", None)
        with pytest.raises(SystemExit) as ended:
            ais.prepare(environment)
    assert ended.value.code == 1
    assert "python3-venv" in capfd.readouterr().err
    assert not environment.is_ready()
    repository.uv_takes(seconds=0, code=0)
    ais.prepare(environment)
    assert environment.is_ready()


def test_a_folder_of_the_caller_with_one_of_our_names_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "interfaces").mkdir()
    (tmp_path / "interfaces" / "__init__.py").write_text("raise SystemExit('the wrong one')\n")
    shown = subprocess.run(
        [str(SCRIPT), "--version"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.strip().count(".") == 2


def test_the_exit_code_of_a_verb_is_the_exit_code_of_the_script() -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AIS_")}
    for arguments in (["no-such-verb"], ["bench", "no-such-benchmark"], ["migrate"]):
        ended = subprocess.run(
            [str(SCRIPT), *arguments], env=environment, capture_output=True, check=False
        )
        assert ended.returncode == 2, arguments
