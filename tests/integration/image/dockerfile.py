"""Reads a Dockerfile and a .dockerignore; knows what ours use, and raises for anything else."""

import fnmatch
import json
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

import msgspec

KNOWN = frozenset(
    {"COPY", "RUN", "ENV", "WORKDIR", "EXPOSE", "USER", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT"}
    | {"CMD", "ARG", "FROM"}
)
_FLAG = re.compile(r"--([a-z-]+)=(\S+)\s*")


class Instruction(msgspec.Struct, frozen=True):
    """One instruction, its flags and the rest of it on one line."""

    word: str
    flags: dict[str, str]
    rest: str

    @property
    def words(self) -> list[str]:
        """The members of its JSON form."""
        found: list[str] = json.loads(self.rest)
        return found


class Stage(msgspec.Struct, frozen=True):
    """A stage: its name, the image that it begins with, what follows."""

    name: str
    base: str
    instructions: list[Instruction]

    def only(self, word: str) -> Instruction:
        """The one instruction of this word; the last counts for an engine, so there is one."""
        (found,) = [each for each in self.instructions if each.word == word]
        return found

    def environment(self) -> dict[str, str]:
        """The variables of all ENV."""
        pairs = [
            pair.partition("=")
            for each in self.instructions
            if each.word == "ENV"
            for pair in each.rest.split()
        ]
        return {name: text for name, _, text in pairs}


def stages(text: str) -> list[Stage]:
    """Return the stages; arguments before the first are filled in with their defaults."""
    arguments: dict[str, str] = {}
    found: list[Stage] = []
    for each in _instructions(text):
        if each.word == "ARG":
            assert not found, "arguments inside a stage are not read"
            name, _, default = each.rest.partition("=")
            arguments[name] = default
        elif each.word == "FROM":
            base, _, name = each.rest.partition(" AS ")
            found.append(Stage(name, re.sub(r"\$\{(\w+)\}", lambda m: arguments[m[1]], base), []))
        else:
            found[-1].instructions.append(each)
    return found


def _instructions(text: str) -> Iterator[Instruction]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        if not line.strip():
            continue
        word, _, rest = line.strip().partition(" ")
        assert word in KNOWN, word
        flags = {}
        while (flag := _FLAG.match(rest)) is not None:
            flags[flag[1]] = flag[2]
            rest = rest[flag.end() :]
        yield Instruction(word, flags, rest.strip())


def is_sent(path: str, ignored: str) -> bool:
    """Whether a file is sent to the engine: the last line of .dockerignore that fits decides."""
    parents = [str(each) for each in PurePosixPath(path).parents][:-1]
    sent = True
    for line in ignored.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        pattern = line.removeprefix("!")
        # Where `**/` stands any folders may, or none.
        forms = (pattern, pattern.removeprefix("**/"))
        if any(
            fnmatch.fnmatchcase(each, form) and (form.count("/") == each.count("/") or "**" in form)
            for each in (path, *parents)
            for form in forms
        ) or (pattern.startswith("**/") and pattern[3:] in PurePosixPath(path).parts):
            sent = line.startswith("!")
    return sent
