"""Serves the document at `/schema/openapi.json`."""

import functools
from typing import Any

import msgspec
from litestar import Litestar, Request
from litestar.openapi.plugins import JsonRenderPlugin

from interfaces.http.openapi.document import document


class DocumentPlugin(JsonRenderPlugin):
    """Renders our document instead of the framework's."""

    def render(
        self,
        request: Request[Any, Any, Any],
        openapi_schema: dict[str, Any],  # noqa: ARG002 - the framework's
    ) -> bytes:
        """Return the document, made at the first request."""
        return _encoded(request.app)


@functools.lru_cache(4)
def _encoded(app: Litestar) -> bytes:
    return msgspec.json.encode(document(app))
