"""The generated pages by file name; run it to write them all."""

import sys
from collections.abc import Callable
from pathlib import Path

from tests.support.reference import (
    api,
    errors,
    events,
    metrics,
    mobile_api,
    policies,
    postings,
    postman,
    read_models,
    readiness,
    retention,
    rules,
    security,
    settings,
    stripe_events,
    timers,
)

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "reference"

PAGES: dict[str, Callable[[], str]] = {
    "errors.md": errors.text,
    "events.md": events.text,
    "settings.md": settings.text,
    "api.md": api.text,
    "read-models.md": read_models.text,
    "postings.md": postings.text,
    "stripe-events.md": stripe_events.text,
    "timers.md": timers.text,
    "metrics.md": metrics.text,
    "rules.md": rules.text,
    "mobile-api.md": mobile_api.text,
    "policies.md": policies.text,
    "retention.md": retention.text,
    "postman.json": postman.text,
    "security.md": security.text,
    "readiness.md": readiness.text,
}


def write(folder: Path = FOLDER) -> list[str]:
    """Write all pages; returns their names."""
    for name, make in PAGES.items():
        (folder / name).write_text(make(), encoding="utf-8")
    return list(PAGES)


if __name__ == "__main__":
    sys.stdout.write("".join(f"{name}\n" for name in write()))
