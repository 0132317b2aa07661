"""Webhook endpoints: created with a secret, changed, disabled and enabled again, removed."""

import re
from urllib.parse import urlsplit

from infrastructure.stripe_simulator.account import Account
from infrastructure.stripe_simulator.configuration import Json
from infrastructure.stripe_simulator.errors import invalid
from infrastructure.stripe_simulator.ids import new_id

VERSION = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}(\.[a-z]+)?")


def create(account: Account, params: Json) -> Json:
    """POST /v1/webhook_endpoints; only this answer has the secret."""
    _check(params)
    version = params.get("api_version")
    if version is not None and VERSION.fullmatch(version) is None:
        raise invalid(f"Invalid API version: {version[:40]}", param="api_version")
    secret = new_id("whsec", 32)
    endpoint = account.add_endpoint(
        params["url"], secret, params["enabled_events"], api_version=version
    )
    _change(endpoint, params, ("description", "metadata"))
    return {**endpoint, "secret": secret}


def update(account: Account, identifier: str, params: Json) -> Json:
    """POST …/{id}: other events, another address, disabled or enabled; the version stays."""
    endpoint = account.endpoints.get(identifier)
    _check(params)
    _change(endpoint, params, ("url", "enabled_events", "description", "metadata"))
    if "disabled" in params:
        endpoint["status"] = "disabled" if params["disabled"] else "enabled"
    return endpoint


def delete(account: Account, identifier: str) -> Json:
    """DELETE …/{id}: what is still to be delivered to it is dropped."""
    account.endpoints.get(identifier)
    del account.endpoints.objects[identifier]
    return {"id": identifier, "object": "webhook_endpoint", "deleted": True}


def _change(endpoint: Json, params: Json, names: tuple[str, ...]) -> None:
    endpoint.update({name: params[name] for name in names if name in params})


def _check(params: Json) -> None:
    parts = urlsplit(params.get("url", "http://none"))
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise invalid("Invalid URL", param="url", code="url_invalid")
    if not params.get("enabled_events", ["*"]):
        raise invalid("You must name one event or more.", param="enabled_events")
