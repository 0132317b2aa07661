"""errors.md: every code, its cause, who can do what, and the rejections that are answered by it."""

from domain.kernel.rejections import Rejection
from interfaces.http import reason_words
from interfaces.http.problem_kinds import KINDS, Kind
from tests.support.reference import rejection_reasons
from tests.support.reference.errors_in_arabic import ARABIC, HEAD, READERS
from tests.support.reference.markdown import anchor, code, listed, page, summary, table

INTRO = """\
# Errors

Generated from `interfaces/http/problem_kinds.py` and the rejections of domain and application by
`python -m tests.support.reference.pages`; a test fails when they differ.

Every answer that is not 2xx has the same flat body:

```json
{
  "code": "SEATS_UNAVAILABLE",
  "message": "Not enough seats are left.",
  "correlationId": "7b0f6b2c1e9a7d4e5a3c91",
  "retryable": false,
  "details": {"flight": "flight-SV1023-2026-11-24"}
}
```

Decide by `code`; show `message`, which is English or Arabic by `Accept-Language` and says what to
do about the `reason` where there is one; report `correlationId`. `retryable` means that the same
request may succeed later: repeat it with the same `Idempotency-Key`, after `Retry-After` seconds
where that header is given. `details` names what is particular to this request, most often in
`field` and `reason`; its members are texts or integers.

A request is checked in this order: headers ([431](#headers_too_large)), acceptable answer
([406](#not_acceptable)), token ([401](#unauthorized)), permission ([403](#forbidden)), limit
([429](#rate_limited)), body ([400](#validation_error)), then the state of the booking or flight.
Refused means that nothing was recorded.
"""


def text() -> str:
    """The page."""
    rows = [
        (
            f"[{code(name)}](#{anchor(name)})",
            str(kind.status),
            _retryable(kind),
            kind.english,
            kind.arabic,
        )
        for name, kind in KINDS.items()
    ]
    head = ("code", "status", "retryable", "English", "Arabic")
    sections = [line for name, kind in KINDS.items() for line in _section(name, kind)]
    return page(INTRO, "## All codes", "", table(head, rows), sections)


def _section(name: str, kind: Kind) -> list[str]:
    remedies = [("client", kind.client), ("agent", kind.agent), ("operator", kind.operator)]
    return [
        f"## {name}",
        "",
        f"Status {kind.status}, {'' if kind.retryable else 'not '}retryable. {kind.cause}",
        "",
        *table(("for", "what to do"), remedies),
        ARABIC[name].cause,
        "",
        *table(HEAD, list(zip(READERS, ARABIC[name][1:], strict=True))),
        *_origins(name),
        *_messages(name),
    ]


def _messages(name: str) -> list[str]:
    """What people read for each reason."""
    known = reason_words.words_by_code().get(name, {})
    rows = [(code(reason), *words) for reason, words in sorted(known.items())]
    return table(("`reason`", "English", "Arabic"), rows) if rows else []


def _origins(name: str) -> list[str]:
    """The rejections answered by a code, and what the HTTP interface raises by itself."""
    reasons = rejection_reasons.reasons_of_rejections()
    rows = [
        (code(each.__name__), _context(each), summary(each), listed(reasons[each.__name__]))
        for each in rejection_reasons.rejections()
        if each.code == name
    ]
    problems = rejection_reasons.reasons_of_problems().get(name)
    if problems:
        rows.append(("", "HTTP", "found by the route itself", listed(problems)))
    return table(("rejection", "context", "meaning", "`reason`"), rows) if rows else []


def _context(rejection: type[Rejection]) -> str:
    layer, *within = rejection.__module__.split(".")
    return within[0] if len(within) > 1 else layer


def _retryable(kind: Kind) -> str:
    return "yes" if kind.retryable else "no"
