"""Pages for people: in their language, with one style, no script and nothing from elsewhere."""

import base64
import hashlib
import html
from collections.abc import Mapping, Sequence

from litestar import Response
from litestar.background_tasks import BackgroundTask

from application.caller import Language

_BASIC_STYLE = (
    "body{font:1.1rem/1.6 system-ui,sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem;"
    "color:#1b1b1b;background:#fff}h1{font-size:1.5rem}"
)
_DIRECTIONS: Mapping[Language, str] = {"en": "ltr", "ar": "rtl"}
_PAGE = """<!doctype html>
<html lang="{language}" dir="{direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">{refresh}
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{heading}</h1>
{content}
</main>
</body>
</html>
"""


class Look:
    """How the pages of one kind look; browsers take the style by its hash (CSP Level 3, 2.3.1)."""

    def __init__(self, more: str) -> None:
        """`more` is the style of what only these pages have."""
        self._style = _BASIC_STYLE + more
        self._digest = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()

    def page(
        self,
        language: Language,
        heading: str,
        content: Sequence[str],
        *,
        name: str = "",
        refresh: str = "",
        status: int = 200,
        forms_to: str = "'none'",
        headers: Mapping[str, str] | None = None,
        background: BackgroundTask | None = None,
    ) -> Response[str]:
        """Return the page; lines of `content` are HTML, other texts are plain.

        `name` follows the heading in the title; `refresh` is when and where the page loads again;
        `forms_to` are the sources to which its forms may be sent.
        """
        reload = f'\n<meta http-equiv="refresh" content="{refresh}">' if refresh else ""
        return Response(
            _PAGE.format(
                language=language,
                direction=_DIRECTIONS[language],
                refresh=reload,
                title=html.escape(f"{heading} · {name}" if name else heading),
                style=self._style,
                heading=html.escape(heading),
                content="\n".join(content),
            ),
            status_code=status,
            media_type="text/html",
            headers={
                "content-language": language,
                "content-security-policy": (
                    f"default-src 'none'; style-src 'sha256-{self._digest}'; base-uri 'none'; "
                    f"form-action {forms_to}; frame-ancestors 'none'"
                ),
                "vary": "Accept-Language",
                "x-robots-tag": "noindex",
                **(headers or {}),
            },
            background=background,
        )


def paragraph(text: str) -> str:
    """Return a paragraph with this plain text."""
    return f"<p>{html.escape(text)}</p>"


def hidden(name: str, value: str) -> str:
    """Return a member of a form that is not shown."""
    return (
        f'<input type="hidden" name="{html.escape(name, quote=True)}" '
        f'value="{html.escape(value, quote=True)}">'
    )
