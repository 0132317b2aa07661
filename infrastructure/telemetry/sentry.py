"""Errors for Sentry: types, frames and the correlation id, and nothing that a traveller wrote.

What leaves is made anew of a few members of the event, so that no release of the SDK adds another.
Messages of exceptions, values of variables and arguments of log lines stay here.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sentry_sdk
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.integrations.logging import LoggingIntegration, ignore_logger
from sentry_sdk.integrations.threading import ThreadingIntegration
from sentry_sdk.types import Event

from application import telemetry

SHUTDOWN_SECONDS = 2
_KEPT = ("event_id", "timestamp", "level", "logger", "platform", "release", "sdk")
_KEPT_OF_FRAME = ("filename", "function", "lineno", "module", "in_app")


@contextmanager
def reporting_errors(dsn: str | None, *, role: str, release: str) -> Iterator[None]:
    """Send what is logged as an error, and what ends a thread or the process; no DSN, no Sentry."""
    if dsn is None:
        yield
        return
    sentry_sdk.init(
        dsn=dsn,
        release=release,
        default_integrations=False,
        integrations=[
            LoggingIntegration(level=None, event_level=logging.ERROR),
            ExcepthookIntegration(),
            ThreadingIntegration(),
        ],
        before_send=lambda event, _hint: scrubbed(event, role=role),
        include_local_variables=False,
        include_source_context=False,
        max_breadcrumbs=0,
        auto_session_tracking=False,
        shutdown_timeout=SHUTDOWN_SECONDS,
    )
    # Its errors are reported as exceptions.
    ignore_logger("ais.http")
    telemetry.install_reporter(_capture)
    try:
        yield
    finally:
        telemetry.install_reporter(None)
        client = sentry_sdk.get_client()
        client.close(timeout=SHUTDOWN_SECONDS)
        sentry_sdk.get_global_scope().set_client(None)


def _capture(error: BaseException) -> None:
    sentry_sdk.capture_exception(error)


def scrubbed(event: Event, *, role: str) -> Event:
    """Return what may leave of an event."""
    found: dict[str, Any] = {name: event[name] for name in _KEPT if name in event}  # type: ignore[literal-required]  # members of an event
    tags = {"role": role}
    if (work := telemetry.current()) is not None:
        tags["correlation_id"] = work.correlation_id
    found["tags"] = tags
    entry = event.get("logentry")
    if entry and isinstance(entry.get("message"), str):
        # The constant text of the log line, without what was put into it.
        found["logentry"] = {"message": entry["message"]}
    errors = (event.get("exception") or {}).get("values") or ()
    if errors:
        found["exception"] = {"values": [_error(each) for each in errors]}
    return found  # type: ignore[return-value]  # an event is a dictionary


def _error(error: Mapping[str, Any]) -> dict[str, Any]:
    frames = (error.get("stacktrace") or {}).get("frames") or ()
    kept = [{name: each[name] for name in _KEPT_OF_FRAME if name in each} for each in frames]
    return {
        "type": error.get("type"),
        "module": error.get("module"),
        "stacktrace": {"frames": kept},
    }
