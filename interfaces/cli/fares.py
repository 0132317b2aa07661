"""`ais fares`: the filed fares as a file; propose those of another file, which finance approves."""

import asyncio
import datetime as dt
import secrets
import sys
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import msgspec
import uvloop
from cyclopts import App, Parameter

from application.commands.command import CommandEnvelope
from application.policies import fare_file
from application.policies.ports import PolicyPorts
from application.policies.propose_policy import ProposePolicy
from application.policies.read_book import read_book
from application.ports import Unavailable
from domain.kernel.rejections import Rejection
from domain.policies import publication
from domain.policies.events import PublicationReason
from domain.policies.filed_fares import FiledFares
from domain.policies.values import stream_of
from interfaces import composition, policy_composition
from interfaces.cli import running
from interfaces.web import report

ACTOR = "operator"
POLICY = "filed_fares"
# A command that has not begun by then is refused.
COMMAND_SECONDS = 10.0

fares = App(
    name="fares",
    help="Export the fares that are filed apart from flights; propose those of a file. Runs as the "
    "application: AIS_DATABASE_URL. Exit codes: 0 done, 1 the database does not answer, 2 a wrong "
    "call or setting, or a file with errors.",
)

AsJson = Annotated[bool, Parameter(name="--json", negative=())]


@fares.command(name="export")
def export(file: Path | None = None, /, *, as_json: AsJson = False) -> int:
    """Write the fares that are in force now.

    Parameters
    ----------
    file
        Where to; without it they are printed.
    as_json
        Print how many there are as JSON, where a file is written.
    """

    async def work(ports: PolicyPorts) -> int:
        book = await read_book(ports.bus)
        table = book.value_now(FiledFares, at=composition.utc_now())
        text = fare_file.write(table)
        if file is None:
            print(text, end="")
        elif not _is_written(file, text):
            return running.USAGE_EXIT
        else:
            _say({"fares": len(table.fares)}, f"{len(table.fares)} fares written", as_json=as_json)
        return 0

    return _run(work)


def _is_written(file: Path, text: str) -> bool:
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        print(f"ais fares: {file}: {type(error).__name__}", file=sys.stderr)
        return False
    return True


@fares.command(name="import")
def import_file(
    file: Path,
    /,
    *,
    reason: PublicationReason,
    valid_from: dt.datetime | None = None,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    as_json: AsJson = False,
) -> int:
    """Propose the fares of a file in place of all that are filed; a person of finance approves them
    over HTTP. Quotes that were issued are honoured at their price.

    Parameters
    ----------
    file
        As `export` writes it.
    reason
        Why, for auditors.
    valid_from
        When they take effect, such as 2026-12-01T00:00; UTC unless it has an offset. Without it, a
        minute after their approval.
    dry_run
        Check the file, print what it changes, and record nothing.
    as_json
        Print changes and errors as one JSON document.
    """
    if valid_from is not None:
        in_utc = valid_from.tzinfo is None
        valid_from = valid_from.replace(tzinfo=dt.UTC) if in_utc else valid_from.astimezone(dt.UTC)
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        print(f"ais fares: {file}: {type(error).__name__}", file=sys.stderr)
        return running.USAGE_EXIT
    table, errors = fare_file.table_of(fare_file.read(text))
    if table is None:
        return _with_errors(errors, as_json=as_json)

    async def work(ports: PolicyPorts) -> int:
        return await _propose(
            ports,
            ProposePolicy(
                policy_id=stream_of(POLICY),
                value=table,
                author=ACTOR,
                reason=reason,
                valid_from=valid_from,
            ),
            table,
            dry_run=dry_run,
            as_json=as_json,
        )

    return _run(work)


async def _propose(
    ports: PolicyPorts,
    command: ProposePolicy,
    table: FiledFares,
    *,
    dry_run: bool,
    as_json: bool,
) -> int:
    now = composition.utc_now()
    book = await read_book(ports.bus)
    changes = fare_file.changes(book.value_now(FiledFares, at=now), table)
    # Decided as the command would be, so that a dry run tells all reasons.
    publication.propose(
        book.policies["filed_fares"],
        value=command.value,
        scope=command.scope,
        valid_from=command.valid_from,
        author=command.author,
        reason=command.reason,
        now=now,
    )
    found: dict[str, Any] = {**msgspec.to_builtins(changes), "fares": len(table.fares)}
    line = f"{changes.added} new, {changes.changed} changed, {changes.removed} removed"
    if dry_run:
        _say({**found, "proposal": None}, f"{line}; nothing was recorded", as_json=as_json)
        return 0
    await ports.bus.submit(_envelope(command))
    waiting = (await read_book(ports.bus)).policies["filed_fares"].proposal
    assert waiting is not None, "what was proposed waits until it is approved"
    said = f"{line}; proposal {waiting.number} waits for the approval of a person of finance"
    _say({**found, "proposal": waiting.number}, said, as_json=as_json)
    return 0


def _with_errors(errors: tuple[fare_file.FareError, ...], *, as_json: bool) -> int:
    if as_json:
        print(msgspec.json.encode({"errors": errors}).decode(), file=sys.stderr)
    else:
        for each in errors:
            print(f"ais fares: line {each.line}: {each.field}: {each.reason}", file=sys.stderr)
    return running.USAGE_EXIT


def _say(found: dict[str, Any], line: str, *, as_json: bool) -> None:
    print(msgspec.json.encode(found).decode() if as_json else line)


def _envelope(command: ProposePolicy) -> CommandEnvelope:
    return CommandEnvelope(
        id=uuid.uuid4(),
        command=command,
        actor=ACTOR,
        correlation_id=secrets.token_hex(11),
        deadline=asyncio.get_running_loop().time() + COMMAND_SECONDS,
    )


def _run(work: Callable[[PolicyPorts], Awaitable[int]]) -> int:
    async def opened() -> int:
        async with composition.open_core(running.configured(), report=report) as core:
            return await work(policy_composition.policies_on(core.pool, core.bus))

    try:
        return uvloop.run(opened())
    except Rejection as refused:
        found = {**refused.parameters}
        said = f"{found.pop('field', '')}: {found.pop('reason', refused.code)} {found or ''}"
        print(f"ais fares: {said.strip()}", file=sys.stderr)
        return running.USAGE_EXIT
    except Unavailable as error:
        print(f"ais fares: {error}", file=sys.stderr)
        return running.FAILED_EXIT
