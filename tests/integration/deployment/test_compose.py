"""The Compose file: valid, with settings and commands that exist, and with nothing left open."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from infrastructure.postgres import roles as logins
from interfaces import carrier_settings, settings
from interfaces.cli import main
from interfaces.http.app import ROUTES
from interfaces.roles import ALL_ROLES
from tests.integration.deployment import compose_file
from tests.integration.image import dockerfile

ROOT = compose_file.FOLDER.parents[1]
FILE = compose_file.read()
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
SCHEMA = jsonschema_rs.validator_for(
    json.loads((Path(__file__).parent / "compose-spec.json").read_text("utf-8"))
)
OURS = {*ALL_ROLES, "migrate"}
IMAGE = dockerfile.stages((ROOT / "ops/images/Dockerfile").read_text("utf-8"))[-1]
ENTRYPOINT = IMAGE.only("ENTRYPOINT").words
TABLE = """
[{name}]
AIS_DATABASE_URL = "postgresql://ais_app:word@{name}/ais"
AIS_REDIS_URL = "redis://cache/{number}"
AIS_MASTER_KEY = "master-{number}"
AIS_TOKEN_KEY = "token-{number}"
AIS_STRIPE_API_KEY = "stripe-{number}"
AIS_STRIPE_WEBHOOK_SECRETS = "webhook-{number}"
AIS_PUBLIC_URL = "https://{number}.example"
AIS_AIRLINE_CODE = "00{number}"
AIS_DATA_DIR = "/var/lib/ais/{name}"
"""
# Settings of commands that do not read all of them, and where files of settings are.
READ_BEFORE = {"AIS_SECRETS_DIR"}


def _settings_of(service: dict[str, Any]) -> set[str]:
    """The settings that its variables and secrets give."""
    given = {name for name in service["environment"] if name.startswith("AIS_")}
    return given | {name for name in service["secrets"] if name.startswith("AIS_")}


def test_the_file_is_what_the_published_schema_asks_for() -> None:
    assert [str(each) for each in SCHEMA.iter_errors(FILE)] == []
    broken = {**FILE, "services": {"web": {"images": "of nothing"}}}
    assert not SCHEMA.is_valid(broken)


def test_every_role_runs_and_each_command_exists() -> None:
    assert SERVICES.keys() >= OURS
    verbs = {verb for verb, _, _ in main.VERBS}
    for name in OURS:
        assert SERVICES[name]["command"][0] == name
        assert name in verbs
    checks = [SERVICES[name]["healthcheck"]["test"] for name in ALL_ROLES]
    for test in checks:
        assert test[: len(ENTRYPOINT) + 2] == ["CMD", *ENTRYPOINT, "health"]
    assert checks[ALL_ROLES.index("web")][-1] == "web"
    assert "/health/live" in {path for route in ROUTES for path in route.paths}


@pytest.mark.parametrize("name", sorted(OURS))
def test_each_process_gets_settings_that_exist_and_all_that_it_needs(name: str) -> None:
    given = _settings_of(SERVICES[name])
    known = {f"AIS_{each.upper()}" for each in settings.ABOUT} | READ_BEFORE
    assert given <= known
    if name in settings.SERVING:
        needed = {
            f"AIS_{field.upper()}"
            for field in settings.Settings.__struct_fields__
            if _is_required(field)
        }
        assert given >= needed | {"AIS_REDIS_URL"}
    secret = {f"AIS_{each.upper()}" for each, about in settings.ABOUT.items() if about.is_secret}
    assert not secret & SERVICES[name]["environment"].keys(), "a secret is a file"


def test_a_pool_of_connections_is_optional_for_every_role_that_can_use_one() -> None:
    using = {*settings.ABOUT["pooled_database_url"].used_by} & {*ALL_ROLES}
    assert len(using) == 3
    for name in ALL_ROLES:
        assert ("AIS_POOLED_DATABASE_URL" in SERVICES[name]["secrets"]) == (name in using)


def test_with_the_file_of_carriers_the_web_processes_serve_several_airlines(
    tmp_path: Path,
) -> None:
    merged = compose_file.with_carriers()
    assert SCHEMA.is_valid(merged)
    web = merged["services"]["web"]
    secret = "carriers.toml"
    assert [name for name in ALL_ROLES if secret in merged["services"][name]["secrets"]] == ["web"]
    assert merged["secrets"][secret] == {"file": f"./secrets/{secret}"}
    assert web["environment"]["AIS_CARRIERS"] == f"/run/secrets/{secret}"
    # What is in the environment holds for all, and a table is taken over it.
    path = tmp_path / secret
    tables = [TABLE.format(name=name, number=n) for n, name in enumerate(("YY", "ZZ"), 1)]
    path.write_text("".join(tables), "utf-8")
    given = {**web["environment"], "AIS_CARRIERS": str(path)}
    del given["AIS_SECRETS_DIR"]
    assert not given[carrier_settings.CHOSEN], "one airline would be served"
    assert carrier_settings.load_all(given).keys() == {"YY", "ZZ"}


def _is_required(field: str) -> bool:
    fields = {each.name: each for each in msgspec.structs.fields(settings.Settings)}
    return fields[field].required


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_container_has_rights_a_writable_system_or_no_limits(name: str) -> None:
    service = SERVICES[name]
    user, _, group = service["user"].partition(":")
    assert int(user) > 0
    assert int(group) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    limits = service["deploy"]["resources"]["limits"]
    assert limits.keys() == {"cpus", "memory"}
    assert service["pids_limit"] <= 500
    assert service["healthcheck"].get("disable") or service["healthcheck"]["test"]
    assert service["restart"] == ("no" if name in {"migrate", "logins"} else "unless-stopped")
    assert re.search(r":[^:]*\d", service["image"]), "an image has a version"


def test_only_the_proxy_is_reached_from_outside_and_databases_reach_nothing() -> None:
    assert [name for name, each in SERVICES.items() if "ports" in each] == ["proxy"]
    for name in ("postgres", "standby", "valkey", "migrate", "logins"):
        assert SERVICES[name]["networks"] == ["inside"]
    assert FILE["networks"]["inside"]["internal"] is True
    assert "inside" not in SERVICES["proxy"]["networks"]


def test_the_proxy_reaches_the_web_processes_by_the_network_whose_addresses_are_believed() -> None:
    """A service is known by its own name in each of its networks, by an alias in one."""
    proxy, web = SERVICES["proxy"], SERVICES["web"]
    name = proxy["environment"]["WEB_HOST"]
    assert name not in SERVICES
    known_in = [
        network
        for network, options in web["networks"].items()
        if network in proxy["networks"] and name in options.get("aliases", ())
    ]
    assert known_in == ["edge"]
    (subnet,) = (each["subnet"] for each in FILE["networks"]["edge"]["ipam"]["config"])
    assert SERVICES["web"]["environment"]["AIS_TRUSTED_PROXIES"] == subnet


def test_after_a_failover_the_primary_runs_on_the_volume_that_was_promoted() -> None:
    page = (ROOT / "docs/how-to/deploy.md").read_text("utf-8")
    chosen = dict(re.findall(r"`((?:PRIMARY|STANDBY)_VOLUME)=(\w+)`", page))
    assert chosen == {"PRIMARY_VOLUME": "standby", "STANDBY_VOLUME": "spare"}
    services = compose_file.read(chosen)["services"]
    folder = ":/var/lib/postgresql"
    assert SERVICES["standby"]["volumes"][0] == f"standby{folder}"
    assert services["postgres"]["volumes"][0] == f"standby{folder}"
    assert services["standby"]["volumes"][0] == f"spare{folder}"
    assert FILE["volumes"].keys() >= set(chosen.values())


def test_what_is_named_exists_and_no_secret_is_in_the_repository() -> None:
    for service in SERVICES.values():
        assert set(service.get("secrets", ())) <= FILE["secrets"].keys()
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            known = source in FILE["volumes"] or (compose_file.FOLDER / source).exists()
            assert known, volume
        assert set(service.get("depends_on", ())) <= SERVICES.keys()
    assert compose_file.variables() == compose_file.example().keys()
    for name, secret in FILE["secrets"].items():
        assert secret == {"file": f"./secrets/{name}"}
    ignored = (compose_file.FOLDER / "secrets" / ".gitignore").read_text("utf-8").split()
    assert ignored[-2:] == ["*", "!.gitignore"]


def test_roles_start_after_the_schema_is_that_of_the_release() -> None:
    done = "service_completed_successfully"
    for name in ALL_ROLES:
        assert SERVICES[name]["depends_on"]["logins"] == {"condition": done}
    assert SERVICES["logins"]["depends_on"]["migrate"] == {"condition": done}


def test_all_processes_together_stay_below_the_limit_of_stripe() -> None:
    shares = [
        int(SERVICES[name]["environment"]["AIS_STRIPE_SHARE_PERCENT"])
        * SERVICES[name]["deploy"]["replicas"]
        for name in ("web", "worker")
    ]
    assert sum(shares) <= 100


def test_the_logins_are_those_of_the_product() -> None:
    made = (compose_file.FOLDER / "postgres" / "logins.sh").read_text("utf-8")
    for login in (logins.APPLICATION_LOGIN, logins.PROJECTOR_LOGIN, logins.READER_LOGIN):
        assert f"'{login}'" in made


def test_proxy_image_and_file_agree_on_ports_accounts_and_folders() -> None:
    proxy = (compose_file.FOLDER / "Caddyfile").read_text("utf-8")
    listens = dict(re.findall(r"^\t(https?)_port (\d+)$", proxy, re.MULTILINE))
    assert SERVICES["proxy"]["ports"][:2] == [f"80:{listens['http']}", f"443:{listens['https']}"]
    (admin,) = re.findall(r"^\tadmin (\S+)$", proxy, re.MULTILINE)
    assert SERVICES["proxy"]["healthcheck"]["test"][-1].startswith(f"http://{admin}/")
    assert "\trespond /metrics 404\n" in proxy
    assert "header_up X-Forwarded-For {remote_host}" in proxy
    environment = IMAGE.environment()
    assert re.findall(r"\{\$WEB_(HOST|PORT):(\w+)\}", proxy) == [
        ("HOST", "web"),
        ("PORT", environment["AIS_PORT"]),
    ]
    for name in OURS:
        assert SERVICES[name]["user"] == IMAGE.only("USER").rest
    assert f"letters:{environment['AIS_DATA_DIR']}" in SERVICES["worker"]["volumes"]
