"""Somebody who follows a document word by word in a shell."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.integration.docs import substitute_curl, walkthrough
from tests.support import stored_log

SCRIPT_LIMIT_SECONDS = 600
SEPARATOR = "=== next block ==="


def run(script: str, *, folder: Path, environment: dict[str, str]) -> str:
    """What the script prints; fails with all of it when the script does."""
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={**os.environ, **environment, "PATH": reader_path(folder)},
        capture_output=True,
        text=True,
        timeout=SCRIPT_LIMIT_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def reader_path(folder: Path) -> str:
    """A PATH with python3, and with curl also on a machine that has none."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    if shutil.which("curl") is None:
        substitute = tools / "curl"
        substitute.write_text(
            f'#!/bin/sh\nexec "{sys.executable}" {substitute_curl.__file__} "$@"\n'
        )
        substitute.chmod(0o755)
    python = tools / "python3"
    if not python.exists():
        python.symlink_to(sys.executable)
    return f"{tools}{os.pathsep}{os.environ['PATH']}"


def follow(document: Path, *, folder: Path, environment: dict[str, str]) -> list[walkthrough.Part]:
    """Run every block of the document; each expectation must be in what its block printed.

    Afterwards every read model of the demo reaches the end of the log and nothing is parked, and
    the reader has no file that was not there before.
    """
    parts = walkthrough.read_parts(document)
    script = walkthrough.as_one_script(parts, separator=SEPARATOR)
    temporary = folder / "temporary"
    temporary.mkdir()
    before = {*os.listdir(folder), "tools"}
    shell = {**environment, "TMPDIR": str(temporary)}
    printed = run(script, folder=folder, environment=shell).split(f"\n{SEPARATOR}\n")
    assert set(os.listdir(folder)) | {"tools"} == before, "the document leaves files behind"
    assert os.listdir(temporary) == [], "the document leaves temporary files behind"
    assert len(printed) == len(parts)
    for part, shown in zip(parts, printed, strict=True):
        missing = walkthrough.first_missing(part.expected, shown)
        assert missing is None, f"{missing!r} is not in the output of\n{part.script}\n{shown}"
    stored_log.assert_read_models_follow(environment["DEMO_DATABASE"])
    return parts
