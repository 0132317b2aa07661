"""`ais trace`: what one request led to in every process, from the file of traces."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from infrastructure.telemetry import trace_file
from infrastructure.telemetry.trace_file import StoredSpan
from infrastructure.telemetry.traces import trace_id_of


def trace(
    correlation_id: str,
    *,
    data: Annotated[Path, Parameter(env_var="AIS_DATA_DIR")] = Path(".ais"),
    json: bool = False,
) -> int:
    """Show the steps of a request: start in milliseconds, duration, process, facts.

    An event of the log, an answer and a log line name the correlation id. Only what was traced is
    here, and only where no collector is configured. The exit code is 1 when nothing is found.

    Parameters
    ----------
    correlation_id
        The id that the answer carries as x-correlation-id; of a webhook, Stripe's id of the event.
    data
        Folder of the processes: AIS_DATA_DIR, or that of the demo.
    json
        Print one span a line as JSON.
    """
    found = trace_file.read(data, f"{trace_id_of(correlation_id):032x}")
    if not found:
        print(f"ais trace: no trace of {correlation_id} in {data}", file=sys.stderr)
        return 1
    if json:
        for each in found:
            print(msgspec.json.encode(each).decode())
        return 0
    for line in lines_of(found):
        print(line)
    return 0


def lines_of(spans: Sequence[StoredSpan]) -> Iterator[str]:
    """Return a line for each span, below its parent and indented; times from the first begin."""
    began = min(each.began_ns for each in spans)
    known = {each.span for each in spans}
    children: dict[str, list[StoredSpan]] = {}
    for each in spans:
        children.setdefault(each.parent if each.parent in known else "", []).append(each)
    waiting = [(each, 0) for each in reversed(children.get("", []))]
    while waiting:
        span, depth = waiting.pop()
        at, took = (span.began_ns - began) / 1e6, span.took_ns / 1e6
        yield f"{at:9.1f} {took:9.1f} ms  {span.role:<10} {'  ' * depth}{_words(span)}"
        waiting += [(each, depth + 1) for each in reversed(children.get(span.span, []))]


def _words(span: StoredSpan) -> str:
    facts: Mapping[str, object] = {**span.facts, **({"error": span.error} if span.error else {})}
    shown = (f"{name}={value}" for name, value in facts.items() if name != "correlation_id")
    return " ".join((span.name, *shown))
