"""The settings of what a process reports of itself: log lines, traces, metrics, errors."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from interfaces.setting_types import Url


class OperationsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where a process reports what it does, and how much of it."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    data_dir: Path = Path(".ais")
    otlp_endpoint: Url | None = None
    traces_per_second: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 20


# What each setting means, and the form of its text where that is not obvious.
OPERATIONS_ABOUT: Mapping[str, tuple[str, str]] = {
    "log_level": ("least severe messages that are logged", ""),
    "data_dir": ("folder of the letters, and of the traces where no collector is configured", ""),
    "otlp_endpoint": (
        "collector of traces and metrics (OTLP over HTTP); without it `ais trace` shows the traces",
        "a URL such as http://collector:4318",
    ),
    "traces_per_second": (
        "requests, and as many tasks, of which a process begins a trace in a second; 0 traces none",
        "",
    ),
}
