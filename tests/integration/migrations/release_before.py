"""An earlier commit of this repository as a running system: its own code, its own schema.

The code is in `release_before.tar.xz`, because a clone may have no history:
`git archive COMMIT domain application infrastructure interfaces projections | xz -9e`.
"""

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

# Before the outbox kept what failed, keys were recorded when destroyed, and letters that came back:
# fewer tables, columns and functions than now, and no migration that has changed since.
COMMIT = "588872069f1d63593c881e7ff3e244b3b21dc8a9"
FILES = Path(__file__).with_name("release_before.tar.xz")
# Run by the code of that commit.
PROGRAM = """
import json, signal, sys
from pathlib import Path
from interfaces.cli import demo_stage

folder, port, overrides = Path(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])
with demo_stage.stage(folder, port=port, overrides=overrides) as ready:
    print(json.dumps({
        "base_url": ready.base_url,
        "owner_dsn": ready.owner_dsn,
        "environment": dict(ready.environment),
    }), flush=True)
    for line in sys.stdin:
        serve = ready.processes["serve"]
        serve.send_signal(signal.SIGTERM)
        print(serve.wait(), flush=True)
"""


class Release(msgspec.Struct, frozen=True):
    """The running system of that commit: PostgreSQL, the Stripe simulator and `ais serve`."""

    base_url: str
    owner_dsn: str
    environment: Mapping[str, str]
    program: "subprocess.Popen[str]"

    def stop_serving(self) -> int:
        """Ask its `ais serve` to end; returns the exit code. The servers stay."""
        assert self.program.stdin is not None
        assert self.program.stdout is not None
        self.program.stdin.write("stop\n")
        self.program.stdin.flush()
        return int(self.program.stdout.readline())


@contextmanager
def running(folder: Path, *, port: int, overrides: Mapping[str, str]) -> Iterator[Release]:
    """Start everything by the code of that commit; it ends with the block."""
    sources = folder / "release"
    sources.mkdir(mode=0o711)
    with tarfile.open(FILES) as archive:
        archive.extractall(sources, filter="data")
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder / "its"), str(port), json.dumps(overrides)],
        cwd=sources,
        env={**_inherited(), "PYTHONPATH": str(sources)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdin is not None
    assert program.stdout is not None
    try:
        line = program.stdout.readline()
        assert line, "the release before did not start"
        yield msgspec.convert({**json.loads(line), "program": program}, Release)
    finally:
        program.stdin.close()
        program.wait()


def _inherited() -> dict[str, str]:
    return {name: text for name, text in os.environ.items() if not name.startswith("AIS_")}
