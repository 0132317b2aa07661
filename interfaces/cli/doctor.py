"""`ais doctor`: looks at everything that the system needs, and says what to do."""

import os
from typing import Annotated

import msgspec
import uvloop
from cyclopts import Parameter

from infrastructure.telemetry import log_lines
from interfaces import settings
from interfaces.cli import running
from interfaces.doctor import diagnosis
from interfaces.doctor.finding import Finding, failed

MARKS = {"ok": "ok     ", "warning": "WARNING", "failed": "FAILED "}


def doctor(*, as_json: Annotated[bool, Parameter(name="--json", negative=())] = False) -> int:
    """Check settings, database, clocks, migrations, rights, lag, modes, Redis, Stripe, mail, disk.

    Changes nothing. Exit codes: 0 when nothing failed, also with warnings; 1 when a check failed;
    2 when a setting is missing or invalid, and nothing else could be checked. Configured by AIS_*.

    Parameters
    ----------
    as_json
        Print the findings as one JSON document.
    """
    try:
        found = settings.load(os.environ)
    except settings.SettingRefused as refused:
        advice = "set it as docs/reference/settings.md says"
        _print([failed("settings", str(refused), advice)], as_json=as_json)
        return running.USAGE_EXIT
    log_lines.configure(found.log_level, role="command")
    findings = uvloop.run(diagnosis.diagnose(found))
    _print(findings, as_json=as_json)
    return 1 if any(each.level == "failed" for each in findings) else 0


def _print(findings: list[Finding], *, as_json: bool) -> None:
    if as_json:
        print(msgspec.json.format(msgspec.json.encode({"findings": findings}), indent=2).decode())
        return
    for each in findings:
        print(f"{MARKS[each.level]}  {each.check}: {each.detail}")
        if each.advice:
            print(f"         -> {each.advice}")
    failures = sum(each.level == "failed" for each in findings)
    warnings = sum(each.level == "warning" for each in findings)
    print(f"{len(findings)} findings: {failures} failed, {warnings} warnings")
