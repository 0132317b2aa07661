"""Shared parts of the long-running commands: settings, log lines, a clean stop on SIGTERM."""

import asyncio
import logging
import os
import signal
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
        print(f"ais: {refused}", file=sys.stderr)
        raise SystemExit(USAGE_EXIT) from None
    logging.basicConfig(
        level=found.log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
        stream=sys.stderr,
    )
    # The SDK logs every request twice; our requests to Stripe are in the event log.
    logging.getLogger("stripe").setLevel(logging.WARNING)
    return found


# The login of the projector, or the application's where there is only one.
ProjectorDsn = Annotated[
    str, Parameter(name="--dsn", env_var=["AIS_PROJECTOR_DATABASE_URL", "AIS_DATABASE_URL"])
]


def stop_on_signals() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set; needs a running event loop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
