"""The documentation page at `/docs`: Swagger UI over our document, no request to anywhere else.

The viewer's files come from a package of the lock; the policy of the page forbids all other hosts.
"""

import importlib.resources
from pathlib import Path

import swagger_ui_bundle
from litestar import Response, get

from interfaces.http.security_headers import REVALIDATED

_FOLDER = importlib.resources.files("interfaces.http") / "docs"
_VIEWER = Path(str(swagger_ui_bundle.swagger_ui_path))
# The viewer draws its icons from data of its own style sheet.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {"content-security-policy": _POLICY, "cache-control": REVALIDATED}


def _page(content: bytes, media_type: str) -> Response[bytes]:
    return Response(content, media_type=media_type, headers=_HEADERS)


@get("/docs", include_in_schema=False, sync_to_thread=False)
def docs() -> Response[bytes]:
    """The page."""
    return _page((_FOLDER / "page.html").read_bytes(), "text/html")


@get("/docs/page.js", include_in_schema=False, sync_to_thread=False)
def docs_script() -> Response[bytes]:
    """Starts the viewer on the OpenAPI document."""
    return _page((_FOLDER / "page.js").read_bytes(), "text/javascript")


@get("/docs/swagger-ui-bundle.js", include_in_schema=False, sync_to_thread=True)
def docs_viewer() -> Response[bytes]:
    """The viewer."""
    return _page((_VIEWER / "swagger-ui-bundle.js").read_bytes(), "text/javascript")


@get("/docs/swagger-ui.css", include_in_schema=False, sync_to_thread=True)
def docs_style() -> Response[bytes]:
    """How the viewer looks."""
    return _page((_VIEWER / "swagger-ui.css").read_bytes(), "text/css")


ROUTES = (docs, docs_script, docs_viewer, docs_style)
