"""Postgres as each login finds it: the server, rights, the clock, migrations."""

from collections.abc import Iterator, Mapping, Sequence

from application.ports import Unavailable
from infrastructure.postgres import condition, primary, standby
from infrastructure.postgres.condition import Condition, Rights
from infrastructure.postgres.migrate import Migration, migrations
from infrastructure.postgres.standby import Standby
from interfaces.doctor.finding import Finding, failed, ok, warning

OLDEST_VERSION = 150_000
CONNECTION_SHARE = 0.8
# The server keeps what a follower does not have yet: the disk fills.
BEHIND_BYTES = 2**30
# Stripe's signatures are refused 300 s off, codes of authenticator apps 30 s; deadlines are shared.
CLOCK_WARNING_SECONDS = 1.0
CLOCK_FAILED_SECONDS = 15.0
SHOWN_NUMBERS = 10


def database_findings(app_dsn: str, projector_dsn: str | None) -> Iterator[Finding]:
    """Yield what both logins find; only the first one where there is no log to look at."""
    try:
        found = condition.read_condition(app_dsn)
    except Unavailable as error:
        yield failed(
            "database",
            f"AIS_DATABASE_URL: {error}",
            "start Postgres, or correct AIS_DATABASE_URL; ops/runbooks/database-slow.md",
        )
        return
    yield from server_findings(found)
    if not found.server.is_standby:
        servers = len(primary.servers_of(app_dsn))
        yield standby_finding(standby.read_standby(app_dsn), servers=servers)
    yield clock_finding(found.clock_ahead_seconds)
    yield migration_finding(found.history, migrations())
    if found.rights is not None:
        yield application_rights(found.server.login, found.rights, found.server.is_superuser)
    if projector_dsn is not None and found.rights is not None:
        yield _projector(projector_dsn)


def server_findings(found: Condition) -> Iterator[Finding]:
    """Yield the version, what makes a commit durable, and how many connections are left."""
    server = found.server
    wrong = [
        text
        for text, is_wrong in (
            (f"version {server.version} is older than 15", server.version < OLDEST_VERSION),
            ("it is a standby, which takes no write", server.is_standby),
            (f"the encoding is {server.encoding}, not UTF8", server.encoding != "UTF8"),
            ("fsync is off", not server.flushes),
            ("full_page_writes is off", not server.writes_full_pages),
            ("synchronous_commit is off", server.synchronous_commit == "off"),
        )
        if is_wrong
    ]
    if wrong:
        advice = "a confirmed booking could be lost, or none be made: correct it in Postgres"
        yield failed("database", "; ".join(wrong), advice)
    else:
        yield ok("database", f"version {server.version}, durable, writable")
    used = f"{server.connections} of {server.connection_limit} connections are used"
    if server.connections > CONNECTION_SHARE * server.connection_limit:
        advice = "stop processes that are not needed, or raise max_connections of Postgres"
        yield warning("connections", used, advice)
    else:
        yield ok("connections", used)


def standby_finding(found: Standby, *, servers: int) -> Finding:
    """Return whether the standby that commits wait for is there, and how far it is behind.

    `servers` is how many the address names: with more than one, some standby is to take over.
    """
    advice = "ops/runbooks/failover.md"
    if not found.is_there:
        detail = f"commits wait for {found.required}, which is not connected"
        return failed("standby", detail, advice)
    behind = found.behind_bytes
    late = [
        f"{slot} is {count / 2**20:.0f} MB behind"
        for slot, count in sorted(behind.items())
        if count > BEHIND_BYTES
    ]
    if late:
        return warning("standby", "; ".join(late), advice)
    if not found.required and servers > 1:
        detail = f"the address names {servers} servers, but commits wait for no standby"
        return warning("standby", detail, f"what it lacks would be lost: {advice}")
    if not found.required:
        return ok("standby", "commits wait for none")
    return ok("standby", f"commits wait for {found.required}, which is connected")


def clock_finding(ahead_seconds: float) -> Finding:
    """Compare the clock of Postgres with that of this machine."""
    detail = f"the database's clock is {ahead_seconds:+.3f} s from this machine's"
    advice = "correct the clock of the machine that is off: chronyc tracking, timedatectl"
    if abs(ahead_seconds) > CLOCK_FAILED_SECONDS:
        return failed("clock", detail, advice)
    if abs(ahead_seconds) > CLOCK_WARNING_SECONDS:
        return warning("clock", detail, advice)
    return ok("clock", detail)


def migration_finding(done: Mapping[int, str] | None, wanted: Sequence[Migration]) -> Finding:
    """Compare what was applied with the files of this release.

    A database that is newer is normal while a deploy replaces processes.
    """
    run = "run ops/ais migrate with AIS_ADMIN_DATABASE_URL"
    if done is None:
        return failed("migrations", "the schema is older than this release", run)
    files = {each.number: each for each in wanted}
    changed = [
        number for number in done if number in files and files[number].checksum != done[number]
    ]
    if changed:
        advice = "start the release that applied them; ops/runbooks/suspected-tampering.md"
        return failed("migrations", f"{_numbers(changed)} differ from what was applied", advice)
    missing = sorted(files.keys() - done.keys())
    if missing:
        return failed("migrations", f"{_numbers(missing)} are not applied", run)
    newer = sorted(done.keys() - files.keys())
    if newer:
        advice = "normal during a deploy; otherwise start the newer release"
        return warning("migrations", f"{_numbers(newer)} are of a newer release", advice)
    return ok("migrations", f"all {len(files)} are applied")


def application_rights(login: str, rights: Rights, is_superuser: bool) -> Finding:
    """Return whether the application may append, and can change nothing that is stored."""
    if is_superuser or rights.may_change:
        advice = "make AIS_DATABASE_URL a login that is a member of ais_application only"
        return failed("permissions", f"{login} may change the log", advice)
    if not rights.is_append_only:
        advice = "ops/runbooks/suspected-tampering.md"
        return failed("permissions", "the trigger append_only of the log is not active", advice)
    if not (rights.may_append and rights.may_read):
        advice = f"as the owner: GRANT ais_application TO {login}"
        return failed("permissions", f"{login} may not append to the log", advice)
    return ok("permissions", f"{login} may append to the log and cannot change it")


def projector_rights(login: str, rights: Rights, is_superuser: bool) -> Finding:
    """Return whether the projector may read the log and nothing else."""
    if is_superuser or rights.may_change or rights.may_append:
        advice = "make AIS_PROJECTOR_DATABASE_URL a login that is a member of ais_projector only"
        return failed("permissions of the projector", f"{login} may write to the log", advice)
    if not rights.may_read:
        advice = f"as the owner: GRANT ais_projector TO {login}"
        return failed("permissions of the projector", f"{login} may not read the log", advice)
    return ok("permissions of the projector", f"{login} may read the log and cannot write to it")


def _projector(dsn: str) -> Finding:
    try:
        found = condition.read_condition(dsn)
    except Unavailable as error:
        detail = f"AIS_PROJECTOR_DATABASE_URL: {error}"
        return failed("permissions of the projector", detail, "correct AIS_PROJECTOR_DATABASE_URL")
    assert found.rights is not None, "the other login found a log"
    return projector_rights(found.server.login, found.rights, found.server.is_superuser)


def _numbers(numbers: Sequence[int]) -> str:
    shown = ", ".join(f"{number:04d}" for number in numbers[:SHOWN_NUMBERS])
    return shown if len(numbers) <= SHOWN_NUMBERS else f"{shown} and others"
