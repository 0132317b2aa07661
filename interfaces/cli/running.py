"""Shared parts of the long-running commands: settings, and what a process reports of itself."""

import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated

from cyclopts import Parameter

from infrastructure.telemetry import log_lines
from infrastructure.telemetry.prometheus import CannotListen
from infrastructure.telemetry.reporting import Reported, reporting
from interfaces import carrier_settings, settings
from interfaces.cli.main import VERSION
from interfaces.operations_settings import OperationsSettings
from interfaces.settings import Settings

FAILED_EXIT = 1
USAGE_EXIT = 2
logger = logging.getLogger(__name__)


def configured() -> Settings:
    """Return the settings of this process; if invalid, ends it with the error on standard error."""
    try:
        found = settings.load(os.environ)
    except settings.SettingRefused as refused:
        raise _ended(refused) from None
    log_lines.configure(found.log_level, role="command")
    return found


def configured_with_redis() -> tuple[Settings, str]:
    """Return the settings and the address of Redis, without which roles cannot be separate."""
    found = configured()
    try:
        return found, settings.redis_url_of(found)
    except settings.SettingRefused as refused:
        raise _ended(refused) from None


def configured_carriers() -> Mapping[str, Settings]:
    """Return the settings of every carrier, each with Redis; none where AIS_CARRIERS is not set."""
    if not os.environ.get(carrier_settings.FILE):
        return {}
    try:
        found = carrier_settings.load_all(os.environ)
        for each in found.values():
            settings.redis_url_of(each)
    except settings.SettingRefused as refused:
        raise _ended(refused) from None
    log_lines.configure(next(iter(found.values())).log_level, role="command")
    return found


def replica_of(dsn: str) -> str | None:
    """Return the address of the replica of this database; None where the environment names none.

    A database that is named by hand is another one than that of the environment.
    """
    if dsn != os.environ.get("AIS_DATABASE_URL"):
        return None
    return os.environ.get("AIS_REPLICA_DATABASE_URL") or None


def configured_to_report() -> OperationsSettings:
    """Return what a process that needs no other setting reports; ends it as `configured` does."""
    try:
        return settings.load_operations(os.environ)
    except settings.SettingRefused as refused:
        raise _ended(refused) from None


@contextmanager
def reporting_as(role: str, found: OperationsSettings) -> Iterator[None]:
    """Report what the process of this role does until the end of the block.

    An error that nobody handled ends the process with 1, and is a log line as all others: Python
    would print its message, which may hold what a traveller wrote.
    """
    what = Reported(
        role=role,
        log_level=found.log_level,
        release=VERSION,
        folder=found.data_dir,
        traces_per_second=found.traces_per_second,
        otlp_endpoint=found.otlp_endpoint,
        sentry_dsn=None if found.sentry_dsn is None else found.sentry_dsn.reveal(),
        metrics_host=found.operations_host,
        metrics_port=found.operations_port,
    )
    try:
        with reporting(what):
            yield
    except CannotListen as refused:
        logger.critical("the process ends: %s", refused)
        raise SystemExit(FAILED_EXIT) from None
    except (Exception, BaseExceptionGroup) as error:
        logger.critical("the process ends by an error", exc_info=error)
        raise SystemExit(FAILED_EXIT) from None


def _ended(refused: settings.SettingRefused) -> SystemExit:
    print(f"ais: {refused}", file=sys.stderr)
    return SystemExit(USAGE_EXIT)


RedisUrl = Annotated[str | None, Parameter(name="--redis", env_var="AIS_REDIS_URL")]
# The login of the projector, or the application's where there is only one.
ProjectorDsn = Annotated[
    str, Parameter(name="--dsn", env_var=["AIS_PROJECTOR_DATABASE_URL", "AIS_DATABASE_URL"])
]
