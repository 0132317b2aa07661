"""The application without ports, and its OpenAPI document: made once, because both take seconds.

Tests and generated pages read them; nobody changes them.
"""

import functools
from typing import Any, cast

from interfaces.http.app import EdgeApp, create_app
from interfaces.http.openapi import document
from interfaces.http.ports import HttpPorts


@functools.cache
def application() -> EdgeApp:
    """Every route of the product."""
    return create_app(cast(HttpPorts, None))


@functools.cache
def openapi_document() -> dict[str, Any]:
    """The document of these routes."""
    return document.document(application())
