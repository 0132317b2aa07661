"""What the verbs of `ais policies` share: their calls, the version that is meant, their errors."""

import datetime as dt
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import uvloop
from cyclopts import Parameter

from application.policies.ports import PolicyPorts
from application.policies.value_json import value_from
from application.policies.wanted_version import WantedVersion, known_version
from application.ports import Unavailable
from domain.kernel.rejections import Rejection
from domain.policies.scope import EVERYWHERE, Scope
from interfaces import composition, policy_composition
from interfaces.cli import running
from interfaces.web import report

AsJson = Annotated[bool, Parameter(name="--json", negative=())]
Only = Annotated[list[str] | None, Parameter(negative=())]


class WrongCall(Exception):
    """What was asked for does not exist; the message says so."""


class Wanted(msgspec.Struct, frozen=True):
    """Which version is meant: the value in a file, that of an earlier version, or what waits.

    `only` are the fields of its scope; without them an earlier version has its own.
    """

    name: str
    file: Path | None
    again: int | None
    only: Sequence[str] | None

    async def read(self, ports: PolicyPorts) -> WantedVersion:
        """Return it; raises WrongCall, rejects PolicyNotFound, InvalidPolicy and ProposalGone."""
        given = None if self.only is None else _scope_of(self.only)
        if self.file is not None:
            if self.again is not None:
                raise WrongCall("give either a file or --again")
            value = value_from(self.name, _members_in(self.file))
            return WantedVersion(value, given or EVERYWHERE)
        if given is not None and self.again is None:
            raise WrongCall("--only is for a file or --again")
        known = await known_version(ports, self.name, self.again)
        return known if given is None else WantedVersion(known.value, given)


def _members_in(file: Path) -> dict[str, Any]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise WrongCall(f"{file}: {type(error).__name__}") from None


def _scope_of(given: Sequence[str]) -> Scope:
    """Return the scope of texts such as `cabin=Y`; raises WrongCall."""
    try:
        return msgspec.convert(dict(each.split("=", 1) for each in given), Scope)
    except (ValueError, msgspec.ValidationError):
        raise WrongCall(f"--only takes {', '.join(Scope.__struct_fields__)}") from None


def in_utc(instant: dt.datetime | None) -> dt.datetime | None:
    """Return an instant that is UTC unless it has an offset."""
    if instant is None:
        return None
    return instant.replace(tzinfo=dt.UTC) if instant.tzinfo is None else instant.astimezone(dt.UTC)


def run(work: Callable[[PolicyPorts], Awaitable[None]], *, as_json: bool = False) -> int:
    """Do it on the database; return the exit code. An error is a line, or one of JSON."""

    async def opened() -> None:
        async with composition.open_core(running.configured(), report=report) as core:
            await work(policy_composition.policies_on(core.pool, core.bus))

    try:
        uvloop.run(opened())
    except Rejection as refused:
        found = {"code": refused.code, **refused.parameters}
        return _failed(_said(found), found, running.USAGE_EXIT, as_json=as_json)
    except WrongCall as wrong:
        found = {"code": "WRONG_CALL", "message": str(wrong)}
        return _failed(str(wrong), found, running.USAGE_EXIT, as_json=as_json)
    except Unavailable as error:
        found = {"code": "UNAVAILABLE", "message": str(error)}
        return _failed(str(error), found, running.FAILED_EXIT, as_json=as_json)
    return 0


def _said(found: dict[str, Any]) -> str:
    """Return a rejection as a line: field, reason and what else is known."""
    more = {name: each for name, each in found.items() if name not in {"code", "field", "reason"}}
    field = f"{found['field']}: " if "field" in found else ""
    return f"{field}{found.get('reason', found['code'])} {more or ''}".strip()


def _failed(line: str, found: dict[str, Any], code: int, *, as_json: bool) -> int:
    print(json.dumps(found) if as_json else f"ais policies: {line}", file=sys.stderr)
    return code


def shown_scope(scope: Scope) -> str:
    """Return a scope as `--only` takes it."""
    given = msgspec.to_builtins(scope)
    return " ".join(f"{name}={text}" for name, text in given.items()) or "all sales"


def shown_instant(at: dt.datetime) -> str:
    """Return an instant in UTC."""
    return f"{at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
