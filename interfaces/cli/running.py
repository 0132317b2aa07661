"""Shared parts of the long-running commands: settings and log lines."""

import logging
import os
import sys
from typing import Annotated

from cyclopts import Parameter

from interfaces import settings
from interfaces.settings import Settings

USAGE_EXIT = 2


def configured() -> Settings:
    """Return the settings of this process; if invalid, ends it with the error on standard error."""
    try:
        found = settings.load(os.environ)
    except settings.SettingRefused as refused:
        raise _ended(refused) from None
    logging.basicConfig(
        level=found.log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
        stream=sys.stderr,
    )
    # The SDK logs every request twice; our requests to Stripe are in the event log. The pool logs
    # three lines for each statement.
    for talkative in ("stripe", "psycopg.pool"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    return found


def configured_with_redis() -> tuple[Settings, str]:
    """Return the settings and the address of Redis, without which roles cannot be separate."""
    found = configured()
    try:
        return found, settings.redis_url_of(found)
    except settings.SettingRefused as refused:
        raise _ended(refused) from None


def _ended(refused: settings.SettingRefused) -> SystemExit:
    print(f"ais: {refused}", file=sys.stderr)
    return SystemExit(USAGE_EXIT)


RedisUrl = Annotated[str | None, Parameter(name="--redis", env_var="AIS_REDIS_URL")]
# The login of the projector, or the application's where there is only one.
ProjectorDsn = Annotated[
    str, Parameter(name="--dsn", env_var=["AIS_PROJECTOR_DATABASE_URL", "AIS_DATABASE_URL"])
]
