"""The files of Kubernetes: valid, with commands and settings that exist, and with least rights."""

import copy
import re
from typing import Any

import pytest

from interfaces import settings
from interfaces.cli import main
from interfaces.http.app import ROUTES
from interfaces.roles import ALL_ROLES
from tests.integration.deployment import kubernetes_files
from tests.integration.image import dockerfile

ROOT = kubernetes_files.FOLDER.parents[1]
OBJECTS = kubernetes_files.objects()
IMAGE = dockerfile.stages((ROOT / "ops/images/Dockerfile").read_text("utf-8"))[-1].environment()
SECRETS = {
    "AIS_DATABASE_URL": "postgresql://ais_app@db/ais",
    **dict.fromkeys(("AIS_MASTER_KEY", "AIS_TOKEN_KEY"), "key"),
    **dict.fromkeys(("AIS_STRIPE_API_KEY", "AIS_STRIPE_WEBHOOK_SECRETS"), "key"),
}
PODS = [each for each in OBJECTS if each["kind"] in {"Deployment", "Job"}]


def _named(kind: str, name: str) -> dict[str, Any]:
    (found,) = [
        each for each in OBJECTS if each["kind"] == kind and each["metadata"]["name"] == name
    ]
    return found


def _container(one: dict[str, Any]) -> dict[str, Any]:
    (found,) = one["spec"]["template"]["spec"]["containers"]
    return dict(found)


def _id(one: dict[str, Any]) -> str:
    return f"{one['kind']} {one['metadata']['name']}"


@pytest.mark.parametrize("one", OBJECTS, ids=_id)
def test_an_object_is_what_its_published_schema_asks_for(one: dict[str, Any]) -> None:
    assert kubernetes_files.faults(one) == []
    broken = copy.deepcopy(one)
    broken["metadata"]["labls"] = {}
    assert kubernetes_files.faults(broken) != []


def test_every_file_is_on_the_list_and_every_role_runs() -> None:
    listed = kubernetes_files.kustomization()["resources"]
    files = {path.name for path in kubernetes_files.FOLDER.glob("*.yaml")}
    assert {*listed, "kustomization.yaml"} == files
    verbs = {verb for verb, _, _ in main.VERBS}
    commands = [_container(each)["args"] for each in PODS]
    assert {command[0] for command in commands} == {*ALL_ROLES, "migrate"} <= verbs
    assert _container(_named("Job", "ais-migrate"))["args"] == ["migrate", "--phase", "pre"]


@pytest.mark.parametrize("one", PODS, ids=_id)
def test_no_pod_has_rights_a_writable_system_or_no_limits(one: dict[str, Any]) -> None:
    pod, container = one["spec"]["template"]["spec"], _container(one)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert _named("ServiceAccount", pod["serviceAccountName"])
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"].keys() == {"cpu", "memory"}
    assert container["resources"]["requests"].keys() == {"cpu", "memory"}
    mounts = {each["name"] for each in container["volumeMounts"]}
    assert mounts == {each["name"] for each in pod["volumes"]}


def test_each_role_has_probes_that_exist_a_budget_and_time_to_end() -> None:
    paths = {path for route in ROUTES for path in route.paths} | {"/metrics"}
    for name in ALL_ROLES:
        role = _named("Deployment", f"ais-{name}")
        container = _container(role)
        ports = {each["name"]: str(each["containerPort"]) for each in container["ports"]}
        assert ports["metrics"] == IMAGE["AIS_OPERATIONS_PORT"]
        assert ports.get("http", IMAGE["AIS_PORT"]) == IMAGE["AIS_PORT"]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert container[probe]["httpGet"]["path"] in paths
            assert container[probe]["httpGet"]["port"] in ports
        assert role["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] >= 45
        assert role["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
        budget = _named("PodDisruptionBudget", f"ais-{name}")
        assert budget["spec"]["selector"]["matchLabels"].items() <= (
            role["spec"]["template"]["metadata"]["labels"].items()
        )


def test_the_ports_of_addresses_that_settings_give_as_examples_are_reached() -> None:
    policy = _named("NetworkPolicy", "ais")["spec"]["egress"]
    reached = {each["port"] for rule in policy for each in rule["ports"]}
    forms = " ".join(about.expected for about in settings.ABOUT.values())
    named = {int(port) for port in re.findall(r"\w+://[\w.@:-]*?:(\d+)/", forms)}
    assert 6432 in named
    assert named <= reached


def test_only_web_processes_get_the_settings_of_several_airlines_where_there_are_any() -> None:
    files = (kubernetes_files.FOLDER / "settings.yaml").read_text("utf-8")
    (path,) = re.findall(r"/run/secrets/carriers/\S+\.toml", files)
    for each in PODS:
        volumes = {one["name"]: one for one in each["spec"]["template"]["spec"]["volumes"]}
        mounted = {one["mountPath"]: one for one in _container(each)["volumeMounts"]}
        folder = path.rpartition("/")[0]
        assert (folder in mounted) == (each["metadata"]["name"] == "ais-web")
        if folder in mounted:
            assert volumes[mounted[folder]["name"]]["secret"]["optional"] is True


def test_settings_exist_and_secrets_are_only_referred_to() -> None:
    given = _named("ConfigMap", "ais-settings")["data"]
    secret = {f"AIS_{each.upper()}" for each, about in settings.ABOUT.items() if about.is_secret}
    known = {f"AIS_{each.upper()}" for each in settings.ABOUT}
    assert given.keys() <= known - secret
    assert [each for each in OBJECTS if each["kind"] == "Secret"] == []
    # Networks that fit nobody's cluster would be believed by most.
    with pytest.raises(settings.SettingRefused, match="AIS_TRUSTED_PROXIES"):
        settings.load({**SECRETS, **given})
    settings.load({**SECRETS, **given, "AIS_TRUSTED_PROXIES": "10.20.3.0/28"})
    own = _named("ConfigMap", "ais-web-settings")["data"]
    assert own.keys() <= known - secret
    web = _container(_named("Deployment", "ais-web"))
    assert [each["configMapRef"]["name"] for each in web["envFrom"]] == [
        *("ais-settings", "ais-web-settings"),
    ]
    most = _named("HorizontalPodAutoscaler", "ais-web")["spec"]["maxReplicas"]
    workers = _named("Deployment", "ais-worker")["spec"]["replicas"]
    assert int(given["AIS_STRIPE_SHARE_PERCENT"]) * (most + workers) <= 100
