"""The settings of what a process reports of itself: log lines, traces, metrics, errors."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from interfaces.setting_types import Port, Secret, Url


class OperationsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where a process reports what it does, and how much of it, and how it meets an outage."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    data_dir: Path = Path(".ais")
    otlp_endpoint: Url | None = None
    sentry_dsn: Secret | None = None
    operations_host: Annotated[str, msgspec.Meta(min_length=1)] = "127.0.0.1"
    operations_port: Port | None = None
    traces_per_second: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 5
    stripe_breaker_pause_seconds: Annotated[int, msgspec.Meta(ge=1, le=300)] = 10


# What each setting means, and the form of its text where that is not obvious.
OPERATIONS_ABOUT: Mapping[str, tuple[str, str]] = {
    "log_level": ("least severe messages that are logged", ""),
    "data_dir": ("folder of the letters, and of the traces where no collector is configured", ""),
    "otlp_endpoint": (
        "collector of traces and metrics (OTLP over HTTP); without it `ais trace` shows the traces",
        "a URL such as http://collector:4318",
    ),
    "sentry_dsn": ("Sentry, which gets types and frames of errors, nothing personal", "a DSN"),
    "operations_host": ("address on which metrics are served", ""),
    "operations_port": (
        "port on which this process serves its metrics, at /metrics; without it none are served",
        "a port of its own for each process",
    ),
    "traces_per_second": (
        "requests, and as many tasks, of which a process begins a trace in a second; 0 traces none",
        "",
    ),
    "stripe_breaker_pause_seconds": (
        "seconds for which a process does not call Stripe after five outages in a row",
        "",
    ),
}
