"""Log lines as JSON, one object a line: time, level, logger, text, correlation and trace id.

Modules log by the standard library, as their dependencies do. Of an exception the types and frames
are kept, never the message or the values of variables: these may hold what a traveller wrote.
"""

import logging
import os
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

from application import telemetry
from infrastructure.telemetry.traces import trace_id_of

logger = logging.getLogger("ais.process")

CHAIN_LIMIT = 10
FRAMES_LIMIT = 50
# The SDK logs every request twice; our own line has its request id. The pool logs three lines for
# each statement, the exporter's own transport one for each connection.
TALKATIVE = ("stripe", "psycopg.pool", "urllib3")


def configure(level: str, *, role: str, stream: TextIO | None = None) -> logging.Handler:
    """Write all log lines of this process to the stream, standard error by default."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_formatter(role))
    root = logging.getLogger()
    for each in root.handlers[:]:
        root.removeHandler(each)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for talkative in TALKATIVE:
        logging.getLogger(talkative).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    return handler


def _formatter(role: str) -> logging.Formatter:
    process = {"role": role, "pid": os.getpid()}

    def add_process(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        line.update(process)
        return line

    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            add_work,
            add_process,
            _add_error,
            structlog.processors.JSONRenderer(),
        ],
    )


def add_work(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Add the ids of the work under way."""
    work = telemetry.current()
    if work is not None:
        line["correlation_id"] = work.correlation_id
        if work.is_traced:
            line["trace_id"] = f"{trace_id_of(work.correlation_id):032x}"
    return line


def _add_error(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    found = line.pop("exc_info", None)
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        line["error"] = frames_of(error)
    return line


def frames_of(error: BaseException) -> list[str]:
    """Return types and frames of an exception, its causes and its parts, without a message."""
    lines: list[str] = []
    waiting = [traceback.TracebackException.from_exception(error, limit=-FRAMES_LIMIT)]
    for _ in range(CHAIN_LIMIT):
        if not waiting:
            break
        current = waiting.pop(0)
        lines.append(current.exc_type.__qualname__ if current.exc_type else "?")
        lines.extend(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in current.stack)
        cause = current.__cause__ or current.__context__
        waiting = [*([] if cause is None else [cause]), *(current.exceptions or ()), *waiting]
    return lines


@contextmanager
def of_threads() -> Iterator[None]:
    """Log also the errors that end a thread: Python would print their messages."""
    before = threading.excepthook

    def log(ended: threading.ExceptHookArgs) -> None:
        if ended.exc_value is not None:
            logger.critical("a thread ended by an error", exc_info=ended.exc_value)

    threading.excepthook = log
    try:
        yield
    finally:
        threading.excepthook = before
