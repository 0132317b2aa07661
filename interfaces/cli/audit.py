"""`ais audit`: exports sensitive actions with a signature, and verifies such an export."""

import asyncio
import datetime as dt
import secrets
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import App, Parameter

from application.audit.export_actions import SignedExport, export_actions
from application.ports import Unavailable
from domain.kernel.rejections import Rejection
from infrastructure.identity import export_signature
from infrastructure.postgres.announced_appends import PostgresAnnouncedAppends
from infrastructure.postgres.pool import make_pool
from infrastructure.sealing import master_key
from interfaces import audit_composition
from interfaces.cli import running

ACTOR = "operator"

audit = App(name="audit", help="Export sensitive actions with a signature; verify an export.")


@audit.command(name="export")
def export(
    out: Path,
    *,
    since: Annotated[dt.datetime | None, Parameter(name="--from")] = None,
    until: Annotated[dt.datetime | None, Parameter(name="--to")] = None,
) -> int:
    """Write the actions of a period as JSON lines, and the signature beside them as OUT.sig.

    The export itself is recorded first. Exit code 1 when the database does not answer, 2 for a
    wrong call. Configured by AIS_*.

    Parameters
    ----------
    out
        The file to write, which must not be there yet.
    since
        From this time of UTC on; without it, from the beginning.
    until
        Before this time of UTC; without it, until now.
    """
    try:
        exported = asyncio.run(_exported(_in_utc(since), _in_utc(until)))
        with out.open("xb") as file:
            file.write(exported.content)
        out.with_name(f"{out.name}.sig").write_text(exported.signature)
    except Rejection as refused:
        return _failed(f"{refused.code} {dict(refused.parameters)}", running.USAGE_EXIT)
    except OSError as error:
        return _failed(error, running.USAGE_EXIT)
    except Unavailable as error:
        return _failed(f"{type(error).__name__}: {error}", 1)
    print(f"{len(exported.content.splitlines()) - 1} actions")
    return 0


@audit.command(name="verify")
def verify(file: Path, *, keys: Path, signature: Path | None = None) -> int:
    """Check that an export is, byte for byte, what was signed. Exit code 0 if so, 1 if not.

    Parameters
    ----------
    file
        The export.
    keys
        The public keys: the answer of /.well-known/jwks.json.
    signature
        Its signature; without it, FILE.sig.
    """
    try:
        content = file.read_bytes()
        signed = (signature or file.with_name(f"{file.name}.sig")).read_text().strip()
        public = msgspec.json.decode(keys.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        return _failed(error, running.USAGE_EXIT)
    try:
        export_signature.verify(content, signed, public)
    except export_signature.SignatureRefused as refused:
        return _failed(f"the signature is {refused}", 1)
    print("the signature is good")
    return 0


async def _exported(since: dt.datetime | None, until: dt.datetime | None) -> SignedExport:
    settings = running.configured()
    pool = make_pool(settings.database_url, max_size=1)
    await pool.open()
    try:
        keys = master_key.parse(settings.master_key.reveal())
        appends = PostgresAnnouncedAppends(settings.database_url)
        ports = audit_composition.audit_on(pool, keys, settings, appends)
        asked = {"from": since, "to": until}
        await ports.record.add(
            actor=ACTOR,
            action="audit.exported",
            resource="ais audit export",
            change={name: each for name, each in asked.items() if each is not None},
            address="",
            agent="",
            correlation_id=secrets.token_hex(11),
        )
        return await export_actions(
            ports.actions, ports.signer, since=since, until=until, now=ports.clock()
        )
    finally:
        await pool.close()


def _in_utc(instant: dt.datetime | None) -> dt.datetime | None:
    return None if instant is None else instant.replace(tzinfo=instant.tzinfo or dt.UTC)


def _failed(error: object, exit_code: int) -> int:
    print(f"ais audit: {error}", file=sys.stderr)
    return exit_code
