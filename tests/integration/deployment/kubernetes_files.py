"""Reads the files of `ops/kubernetes`, and compares objects with the published schemas."""

import functools
import importlib.resources
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

FOLDER = Path(__file__).resolve().parents[3] / "ops" / "kubernetes"
# `preStop: sleep` is stable from 1.34 on.
VERSION = "1.34.0"


def kustomization() -> dict[str, Any]:
    """The list of files."""
    found: dict[str, Any] = yaml.safe_load((FOLDER / "kustomization.yaml").read_text("utf-8"))
    return found


def objects() -> list[dict[str, Any]]:
    """Every object of every file on the list."""
    found = []
    for name in kustomization()["resources"]:
        found += [each for each in yaml.safe_load_all((FOLDER / name).read_text("utf-8")) if each]
    return found


def faults(one: dict[str, Any]) -> list[str]:
    """What the schema of the object's kind finds; a member that it does not know is a fault too."""
    group, _, version = one["apiVersion"].rpartition("/")
    short = f"{group.partition('.')[0]}-" if group else ""
    schema = _schema(f"{one['kind'].lower()}-{short}{version}.json")
    return [f"{each.instance_path}: {each.message}" for each in schema.iter_errors(one)]


@functools.cache
def _schema(name: str) -> Any:
    definitions = _strict(json.loads(_text("_definitions.json")))
    schema = json.loads(_text(name).replace('"_definitions.json#', '"#'))
    return jsonschema_rs.validator_for({**_strict(schema), **definitions})


def _text(name: str) -> str:
    folder = importlib.resources.files("kubernetes_validate") / "kubernetes-json-schema"
    return (folder / f"v{VERSION}-local" / name).read_text("utf-8")


def _strict(schema: Any) -> Any:
    """The schema in which an object with listed members has no others."""
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _strict(part) for name, part in schema.items()}
    if isinstance(found.get("properties"), dict) and "type" in found:
        found.setdefault("additionalProperties", False)
    return found
