"""The documentation page at `/docs`: our own files, no request to anywhere else."""

import importlib.resources

from litestar import Response, get

from interfaces.http.security_headers import REVALIDATED

_FOLDER = importlib.resources.files("interfaces.http") / "docs"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {"content-security-policy": _POLICY, "cache-control": REVALIDATED}


def _page(name: str, media_type: str) -> Response[bytes]:
    content = (_FOLDER / name).read_bytes()
    return Response(content, media_type=media_type, headers=_HEADERS)


@get("/docs", include_in_schema=False, sync_to_thread=False)
def docs() -> Response[bytes]:
    """The page."""
    return _page("page.html", "text/html")


@get("/docs/page.js", include_in_schema=False, sync_to_thread=False)
def docs_script() -> Response[bytes]:
    """Reads the OpenAPI document and writes it out."""
    return _page("page.js", "text/javascript")


@get("/docs/page.css", include_in_schema=False, sync_to_thread=False)
def docs_style() -> Response[bytes]:
    """How the page looks."""
    return _page("page.css", "text/css")


ROUTES = (docs, docs_script, docs_style)
