"""The units of systemd: each role with its command and settings, and nothing that it may not do."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from interfaces import settings
from interfaces.cli import main
from interfaces.roles import ALL_ROLES

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "ops" / "systemd"
UNITS = sorted(path.name for path in FOLDER.glob("*.service"))
COMMAND = "/opt/ais/.venv/bin/python -Pm interfaces.cli.main "
# Of 10, by systemd's own scale: 10 is a service that may do anything.
MOST_EXPOSED = 2.0


def _lines(*names: str) -> list[tuple[str, str]]:
    """Keys and values of these files, in order."""
    text = "\n".join((FOLDER / name).read_text("utf-8") for name in names)
    pairs = [line.partition("=") for line in text.splitlines()]
    return [(key, value) for key, sign, value in pairs if sign and not key.startswith("#")]


def _all(key: str, *names: str) -> list[str]:
    return [value for found, value in _lines(*names) if found == key]


def test_every_role_has_a_unit_whose_command_exists() -> None:
    assert sorted([*(f"ais-{role}@.service" for role in ALL_ROLES), "ais-migrate.service"]) == UNITS
    verbs = {verb for verb, _, _ in main.VERBS}
    for name in UNITS:
        (started,) = _all("ExecStart", name)
        assert started.startswith(COMMAND)
        verb = started.removeprefix(COMMAND).split()[0]
        assert name.removeprefix("ais-").partition("@")[0].removesuffix(".service") == verb
        assert verb in verbs
    wanted = " ".join(_all("Wants", "ais.target")).split()
    assert {each.partition("@")[0] for each in wanted} == {f"ais-{role}" for role in ALL_ROLES}


@pytest.mark.parametrize("name", UNITS)
def test_settings_exist_secrets_are_credentials_and_limits_are_set(name: str) -> None:
    known = {f"AIS_{each.upper()}" for each in settings.ABOUT} | {"AIS_SECRETS_DIR"}
    secret = {f"AIS_{each.upper()}" for each, about in settings.ABOUT.items() if about.is_secret}
    shown = "\n".join(_all("Environment", name, "ais-.service.d/rights.conf"))
    example = (FOLDER / "settings.example").read_text("utf-8")
    plain = {
        *re.findall(r"\bAIS_\w+(?==)", shown),
        *re.findall(r"^AIS_\w+(?==)", example, re.MULTILINE),
    }
    assert plain <= known - secret
    loaded = [each.partition(":") for each in _all("LoadCredential", name)]
    assert {setting for setting, _, _ in loaded} <= secret
    assert all(path == f"/etc/ais/secrets/{setting}" for setting, _, path in loaded)
    if name.partition("@")[0] in {f"ais-{role}" for role in settings.SERVING}:
        required = {"AIS_DATABASE_URL", "AIS_REDIS_URL", "AIS_MASTER_KEY", "AIS_TOKEN_KEY"}
        assert required <= {setting for setting, _, _ in loaded}
        assert _all("TimeoutStopSec", name) == ["45s"]
    for limit in ("MemoryMax", "TasksMax", "CPUQuota"):
        assert len(_all(limit, name)) == 1


def test_a_role_starts_and_starts_again_also_where_a_migration_failed() -> None:
    """A unit that requires a failed job is never started again, whatever its Restart says."""
    jobs = {name for name in UNITS if _all("Type", name) == ["oneshot"]}
    assert jobs == {"ais-migrate.service"}
    for name in set(UNITS) - jobs:
        after, wanted = (" ".join(_all(key, name)).split() for key in ("After", "Wants"))
        assert jobs <= set(after) & set(wanted)
        for key in ("Requires", "Requisite", "BindsTo"):
            assert _all(key, name) == []
        assert _all("Restart", name) == ["always"]
    for name in jobs:
        assert _all("Restart", name) == ["on-failure"]
        assert _all("RestartSec", name) == ["5s"]
        assert _all("StartLimitIntervalSec", name) == ["0"]


def test_no_two_processes_of_a_host_share_a_port() -> None:
    ports = [
        each.partition("=")[2].replace("%i", str(instance))
        for name in UNITS
        for each in _all("Environment", name)
        if each.startswith(("AIS_PORT=", "AIS_OPERATIONS_PORT="))
        for instance in range(10)
    ]
    assert len(ports) == len(set(ports)) == 10 * (len(ALL_ROLES) + 1)


def test_no_unit_runs_as_root_or_may_write_the_system() -> None:
    rights = dict(_lines("ais-.service.d/rights.conf"))
    assert rights["User"] == "ais"
    assert rights["CapabilityBoundingSet"] == ""
    for name in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices"):
        assert rights[name] == "true"
    assert rights["ProtectSystem"] == "strict"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd")
def test_systemd_finds_no_fault_and_little_exposure(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    for path in tmp_path.rglob("*"):
        if path.suffix in {".service", ".conf"}:
            path.write_text(path.read_text("utf-8").replace("/opt/ais", str(ROOT)), "utf-8")
    names = [name.replace("@.", "@0.") for name in UNITS]
    for command in (
        ["verify", "--man=no", *names],
        ["security", "--offline=true", f"--threshold={MOST_EXPOSED * 10:.0f}", *names],
    ):
        done = subprocess.run(
            ["systemd-analyze", *command],
            env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
