"""The commit that the journey is measured against, as a folder of its own.

`AIS_BENCH_BEFORE` names another commit (a tag or hash), or a folder that holds a checkout.
"""

import os
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support import servers

VARIABLE = "AIS_BENCH_BEFORE"
# The last commit in which a payment went through inbox, queue, worker and two reads of Stripe.
SUBJECT = "Lower the tax within a fee when the fee is lowered"
GIT_SECONDS = 60


class CommitMissing(Exception):
    """The repository's history does not have the commit; the text says what to set."""


@contextmanager
def checked_out(
    repository: Path, environment: Mapping[str, str] = os.environ
) -> Iterator[tuple[str, Path]]:
    """Yield the commit's name and a folder with its files; raises CommitMissing."""
    wanted = environment.get(VARIABLE)
    if wanted and Path(wanted).is_dir():
        yield wanted, Path(wanted).absolute()
        return
    commit = find_commit(repository, wanted)
    with servers.private_folder() as folder:
        archive, tree = folder / "tree.tar", folder / "tree"
        _git(repository, "archive", "--format=tar", f"--output={archive}", commit)
        with tarfile.open(archive) as packed:
            packed.extractall(tree, filter="data")
        archive.unlink()
        yield commit[:12], tree


def find_commit(repository: Path, wanted: str | None, *, subject: str = SUBJECT) -> str:
    """Return the full hash of the wanted commit, or of the newest with the subject.

    Raises CommitMissing.
    """
    try:
        if wanted:
            return _git(repository, "rev-parse", "--verify", f"{wanted}^{{commit}}").strip()
        lines = _git(repository, "log", "--format=%H %s").splitlines()
    except (OSError, subprocess.CalledProcessError):
        raise CommitMissing(
            f"no commit {wanted or subject!r} in {repository}: set {VARIABLE}"
        ) from None
    for line in lines:
        commit, _, its_subject = line.partition(" ")
        if its_subject == subject:
            return commit
    raise CommitMissing(
        f"no commit {subject!r} in {repository}: set {VARIABLE} to its hash or folder"
    )


def _git(repository: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(repository), *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=GIT_SECONDS,
    )
    return done.stdout
