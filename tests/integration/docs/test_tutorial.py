"""The tutorial works as it is written, against the demo as it is shipped."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.docs import curl_stand_in, walkthrough
from tests.integration.docs.running_demo import ROOT, running_demo

TUTORIAL = ROOT / "docs" / "tutorial" / "first-booking.md"
SCRIPT_LIMIT_SECONDS = 120
SEPARATOR = "=== next block of the tutorial ==="


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
        stand_in = tools / "curl"
        stand_in.write_text(f'#!/bin/sh\nexec "{sys.executable}" {curl_stand_in.__file__} "$@"\n')
        stand_in.chmod(0o755)
    python = tools / "python3"
    if not python.exists():
        python.symlink_to(sys.executable)
    return f"{tools}{os.pathsep}{os.environ['PATH']}"


def test_the_tutorial_leads_from_a_registration_to_balanced_books(tmp_path: Path) -> None:
    parts = walkthrough.read_parts(TUTORIAL)
    assert sum(bool(part.expected) for part in parts) >= 7
    script = walkthrough.as_one_script(parts, separator=SEPARATOR)
    with running_demo(tmp_path / "data") as environment:
        output = run(script, folder=tmp_path, environment=environment)
    printed = output.split(f"\n{SEPARATOR}\n")
    assert len(printed) == len(parts)
    for part, shown in zip(parts, printed, strict=True):
        missing = walkthrough.first_missing(part.expected, shown)
        assert missing is None, f"{missing!r} is not in the output of\n{part.script}\n{shown}"


def test_variables_live_on_from_block_to_block(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text(
        "```bash\nX=7\n```\n```text\n```\n```sh\nfalse\n```\n```bash\necho $X\n```\n"
    )
    script = walkthrough.as_one_script(walkthrough.read_parts(document), separator=SEPARATOR)
    assert run(script, folder=tmp_path, environment={}).split(SEPARATOR)[1].strip() == "7"


def test_a_block_that_fails_fails_the_page(tmp_path: Path) -> None:
    parts = [walkthrough.Part("false\n", ()), walkthrough.Part("echo late\n", ())]
    with pytest.raises(AssertionError):
        run(walkthrough.as_one_script(parts, separator="-"), folder=tmp_path, environment={})


@pytest.mark.parametrize(
    ("expected", "missing"),
    [
        (("one", "three"), None),
        (("o…e", "…hre…"), None),
        (("three", "one"), "one"),
        (("on",), "on"),
        (("four",), "four"),
    ],
)
def test_expected_lines_are_whole_lines_in_order(
    expected: tuple[str, ...], missing: str | None
) -> None:
    assert walkthrough.first_missing(expected, "one\ntwo\nthree\n") == missing


def test_the_stand_in_for_curl_refuses_what_it_does_not_know() -> None:
    assert curl_stand_in.main(["--compressed", "http://127.0.0.1:9"]) == 2
