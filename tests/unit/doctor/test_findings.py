"""Each fault that `ais doctor` can find has a finding, and its advice leads somewhere."""

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from infrastructure.identity import tokens
from infrastructure.postgres.condition import Condition, ReplicaServer, Rights, Server
from infrastructure.postgres.migrate import migrations
from infrastructure.postgres.standby import Standby
from infrastructure.postgres.waiting_work import WaitingWork
from infrastructure.sealing import master_key
from interfaces import settings
from interfaces.cli import main
from interfaces.doctor import (
    database_checks,
    outside_checks,
    partition_checks,
    replica_checks,
    settings_checks,
    work_checks,
)
from interfaces.doctor.finding import Finding
from projections.progress import Progress
from projections.registry import ALL

ROOT = Path(__file__).resolve().parents[3]
NOW = dt.datetime(2026, 11, 27, tzinfo=dt.UTC)
SERVER = Server(
    version=180_001,
    login="ais_app",
    is_superuser=False,
    is_standby=False,
    encoding="UTF8",
    flushes=True,
    writes_full_pages=True,
    synchronous_commit="on",
    connections=10,
    connection_limit=100,
    has_log=True,
    has_history=True,
    now=NOW,
)
APPLICATION = Rights(may_read=True, may_change=False, may_append=True, is_append_only=True)
PROJECTOR = replace(APPLICATION, may_append=False)
FILES = migrations()
DONE = {each.number: each.checksum for each in FILES}
LAST = FILES[-1].number
QUIET = WaitingWork(0, 0.0, 0, 0, 0.0, 0, 0)
CURRENT = [Progress(name, 1, 9, 0, 0.0, 0, NOW, None) for name in ALL]
LIVE = "sk_live_0000"


def _server(**changed: object) -> Finding:
    condition = Condition(replace(SERVER, **changed), 0.0)
    return max(database_checks.server_findings(condition), key=_severity)


def _severity(found: Finding) -> int:
    return ("ok", "warning", "failed").index(found.level)


def _waiting(**changed: object) -> Finding:
    return max(work_checks.waiting_findings(replace(QUIET, **changed)), key=_severity)


def _read_model(**changed: object) -> Finding:
    return work_checks.read_model_finding([replace(CURRENT[0], **changed), *CURRENT[1:]])


def _settings(**changed: str) -> Finding:
    environment = {
        "AIS_DATABASE_URL": "postgresql://db/ais",
        "AIS_MASTER_KEY": master_key.generated(),
        "AIS_TOKEN_KEY": tokens.generated(),
        "AIS_STRIPE_API_KEY": "sk_test_0000",
        "AIS_STRIPE_WEBHOOK_SECRETS": "whsec_0000",
        "AIS_PUBLIC_URL": "https://book.example",
    }
    environment |= {f"AIS_{name.upper()}": text for name, text in changed.items()}
    loaded = settings.load(environment)
    return max(settings_checks.settings_findings(loaded), key=_severity)


def _disk(free: int) -> Finding:
    return outside_checks.disk_finding(Path("/data"), usage=lambda _: (100, 100 - free, free))


def _standby(lag_seconds: float = 0.5, **changed: object) -> Finding:
    standby = replace(ReplicaServer("ais_reporting", True, 7, "ais", 100, False), **changed)
    return replica_checks.standby_finding(standby, (7, "ais"), lag_seconds, 10)


def _of_the_replica() -> Iterator[tuple[str, Finding]]:
    yield "ok", _standby()
    yield "ok", _standby(10.0)
    yield "warning", _standby(10.5)
    yield "warning", _standby(may_more=True)
    yield "failed", _standby(is_standby=False)
    yield "failed", _standby(cluster=8)
    yield "failed", _standby(database="ais_yy")


def _of_the_database() -> Iterator[tuple[str, Finding]]:
    migration = database_checks.migration_finding
    application, projector = database_checks.application_rights, database_checks.projector_rights
    yield "ok", _server()
    for changed in (
        {"version": 140_009},
        {"is_standby": True},
        {"encoding": "LATIN1"},
        {"flushes": False},
        {"writes_full_pages": False},
        {"synchronous_commit": "off"},
    ):
        yield "failed", _server(**changed)
    yield "warning", _server(connections=81)
    yield "ok", _server(connections=80, synchronous_commit="remote_apply")
    yield "ok", database_checks.clock_finding(-0.9)
    yield "warning", database_checks.clock_finding(-1.1)
    yield "failed", database_checks.clock_finding(16.0)
    yield "ok", migration(DONE, FILES)
    yield "failed", migration(None, FILES)
    yield "failed", migration({}, FILES)
    yield "failed", migration({**DONE, LAST: "other"}, FILES)
    yield "failed", migration({key: each for key, each in DONE.items() if key != LAST}, FILES)
    yield "warning", migration({**DONE, 9_999: "of the next release"}, FILES)
    yield "ok", application("ais_app", APPLICATION, False)
    yield "failed", application("owner", APPLICATION, True)
    for changed_rights in (
        {"may_change": True},
        {"may_append": False},
        {"may_read": False},
        {"is_append_only": False},
    ):
        yield "failed", application("ais_app", replace(APPLICATION, **changed_rights), False)
    yield "ok", projector("ais_readmodels", PROJECTOR, False)
    yield "failed", projector("ais_app", APPLICATION, False)
    yield "failed", projector("ais_readmodels", replace(PROJECTOR, may_read=False), False)
    yield "failed", projector("owner", PROJECTOR, True)


def _of_the_standby() -> Iterator[tuple[str, Finding]]:
    yield "ok", partition_checks.free_finding(1)
    yield "warning", partition_checks.free_finding(0)
    alone = Standby(required="", is_there=True, slots="{}")
    late = '{"ais_standby": 2000000000}'
    finding = database_checks.standby_finding
    yield "ok", finding(alone, servers=1)
    yield "warning", finding(alone, servers=2)
    yield "ok", finding(replace(alone, required="ais_standby"), servers=2)
    away = replace(alone, required="ais_standby", is_there=False)
    yield "failed", finding(away, servers=2)
    yield "warning", finding(replace(alone, slots=late), servers=1)


def _of_work_and_settings() -> Iterator[tuple[str, Finding]]:
    yield "ok", _read_model()
    yield "failed", _read_model(stopped_cause="UnknownEvent")
    yield "failed", _read_model(lag_seconds=61.0)
    yield "failed", _read_model(parked=1)
    yield "failed", work_checks.read_model_finding(CURRENT[1:])
    yield "failed", work_checks.read_model_finding([])
    yield "ok", work_checks.scheduler_finding(leads=True, behind=3)
    yield "failed", work_checks.scheduler_finding(leads=False, behind=0)
    yield "warning", work_checks.scheduler_finding(leads=True, behind=1_001)
    yield "ok", _waiting(outbox_waiting=5, outbox_age=59.0, inbox_age=59.0)
    for changed_work in (
        {"outbox_failed": 1},
        {"outbox_age": 61.0},
        {"inbox_parked": 1},
        {"inbox_age": 61.0},
        {"lock_waits": 11},
    ):
        yield "warning", _waiting(**changed_work)
    yield "ok", _settings()
    yield "ok", _settings(stripe_api_key=LIVE)
    yield "failed", _settings(stripe_api_key=LIVE, public_url="http://book.example")
    yield "failed", _settings(stripe_api_key=LIVE, stripe_base_url="http://127.0.0.1:1")
    yield "failed", _settings(stripe_api_key=LIVE, partner_loopback="true")
    yield "failed", _settings(master_key="short")
    yield "failed", _settings(token_key="short")
    yield "warning", _settings(mfa_required="false")
    yield "warning", _settings(follow_ups="from_the_log")
    yield "ok", _disk(15)
    yield "warning", _disk(14)
    yield "failed", _disk(4)
    yield "ok", outside_checks.redis_finding(None)
    yield "failed", outside_checks.redis_finding("redis://127.0.0.1:1/0")


CASES = [
    *_of_the_database(),
    *_of_the_standby(),
    *_of_the_replica(),
    *_of_work_and_settings(),
]


@pytest.mark.parametrize(("level", "found"), CASES, ids=[each.detail[:40] for _, each in CASES])
def test_a_fault_is_found_as_severe_as_it_is(level: str, found: Finding) -> None:
    assert found.level == level, found
    assert bool(found.advice) == (level != "ok")


def test_advice_names_pages_and_commands_that_exist() -> None:
    advice = " ".join(found.advice for _, found in CASES)
    pages = set(re.findall(r"(?:ops/runbooks|docs)/[\w/-]+\.md", advice))
    assert len(pages) >= 6
    assert [page for page in pages if not (ROOT / page).is_file()] == []
    verbs = set(re.findall(r"ops/ais (\w+)", advice))
    assert verbs and verbs <= {verb for verb, _, _ in main.VERBS}


def test_no_secret_is_part_of_a_finding() -> None:
    assert not [found for _, found in CASES if "0000" in found.detail or "whsec" in found.detail]


def test_a_mailbox_that_cannot_be_written_is_found(tmp_path: Path) -> None:
    assert outside_checks.mail_finding(tmp_path).level == "ok"
    assert list(tmp_path.iterdir()) == []
    assert outside_checks.mail_finding(tmp_path / "missing").level == "failed"
