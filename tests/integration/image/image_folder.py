"""Carries out the steps of an image in folders, one for the file system of each stage."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from tests.architecture import tree
from tests.integration.image import dockerfile
from tests.integration.image.dockerfile import Instruction, Stage

ROOT = Path(__file__).resolve().parents[3]
# In place of pip, which would need the network: links what the lock names, and nothing else, from
# the environment of these tests, which was installed from the same lines.
PIP = """#!{python}
import importlib.metadata, pathlib, re, sys
arguments = sys.argv[1:]
assert "--require-hashes" in arguments and arguments[2] == "install", arguments
lock = pathlib.Path(arguments[arguments.index("--requirement") + 1])
venv = pathlib.Path(arguments[arguments.index("--python") + 1]).parents[1]
(place,) = venv.glob("lib/python3*/site-packages")
for name in re.findall(r"^([A-Za-z0-9._-]+)==", lock.read_text(), re.MULTILINE):
    found = importlib.metadata.distribution(name)
    tops = {{path.parts[0] for path in found.files if ".." not in path.parts}}
    for top in tops - {{"__pycache__"}}:
        link = place / top
        if not link.exists():
            link.symlink_to(found.locate_file(top))
"""
# An absolute path, at the beginning of a word.
_PATH = re.compile(r"(?<![^\s=:\"'])/(?=[a-z])")


class Image(msgspec.Struct, frozen=True):
    """The last stage: its folder, its instructions."""

    folder: Path
    stage: Stage

    def command(self, *arguments: str) -> list[str]:
        """The entry point with these arguments."""
        return [self.moved(each) for each in self.stage.only("ENTRYPOINT").words] + [*arguments]

    def environment(self) -> dict[str, str]:
        """The variables of the image, and no others."""
        found = self.stage.environment()
        return {name: self.moved(text) for name, text in found.items()}

    def moved(self, text: str) -> str:
        """The text with its absolute paths inside the folder."""
        return _PATH.sub(f"{self.folder}/", text)


def build(folder: Path) -> Image:
    """Carry out every step of `ops/images/Dockerfile`."""
    found = dockerfile.stages((ROOT / "ops/images/Dockerfile").read_text("utf-8"))
    programs = folder / "programs"
    programs.mkdir()
    (programs / "pip").write_text(PIP.format(python=sys.executable))
    (programs / "pip").chmod(0o755)
    (programs / "python").symlink_to(sys.executable)
    done: dict[str, Image] = {}
    for stage in found:
        image = Image(folder / f"stage-{len(done)}", stage)
        _begin(image.folder)
        workdir = image.folder
        for each in stage.instructions:
            if each.word == "WORKDIR":
                workdir = Path(image.moved(each.rest))
                workdir.mkdir(parents=True, exist_ok=True)
            elif each.word == "COPY":
                _copy(image, each, workdir, done)
            elif each.word == "RUN":
                _run(image, each.rest, workdir, programs)
        done[stage.name] = image
    return done[found[-1].name]


def _begin(folder: Path) -> None:
    """What the base image has, as far as the steps meet it: an installer of packages."""
    for name in ("pip", "setuptools"):
        package = folder / "usr/local/lib/python3.11/site-packages" / name
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
    (folder / "usr/local/bin").mkdir()
    (folder / "usr/local/bin/pip").touch()


def _copy(image: Image, one: Instruction, workdir: Path, done: Mapping[str, Image]) -> None:
    source, target = one.rest.split()
    to = workdir / target if target.startswith(".") else Path(image.moved(target))
    if "from" in one.flags:
        shutil.copytree(
            Path(done[one.flags["from"]].moved(source)), to, symlinks=True, dirs_exist_ok=True
        )
        return
    ignored = (ROOT / ".dockerignore").read_text("utf-8")
    sent = [each for each in tree.files() if each == Path(source) or Path(source) in each.parents]
    sent = [each for each in sent if dockerfile.is_sent(each.as_posix(), ignored)]
    assert sent, f"nothing is sent of {source}"
    for each in sent:
        inside = each.relative_to(source) if each != Path(source) else Path(each.name)
        (to / inside).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / each, to / inside)


def _run(image: Image, script: str, workdir: Path, programs: Path) -> None:
    moved = image.moved(script)
    assert not re.search(rf"(?<![^\s=:]){'/'}(?!{str(image.folder)[1:]})[a-z]", moved), moved
    environment = {"PATH": f"{programs}:{os.environ['PATH']}"}
    subprocess.run(["sh", "-ec", moved], cwd=workdir, env=environment, check=True)
