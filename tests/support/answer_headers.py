"""What the headers of every answer promise to browsers, whoever gives the answer."""

import re

import httpx

NEVER_STORED = "no-store"
POLICY = "default-src 'none'; frame-ancestors 'none'"
PROMISED = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
# Pages with a policy of their own; every other answer takes the strict one.
PAGES = ("/docs", "/paid/", "/unpaid/", "/oauth/authorize")
# Public answers that may be stored, as long as each is asked for again.
STORED = {
    "/.well-known/jwks.json": "public, max-age=300",
    "/.well-known/oauth-authorization-server": "public, max-age=300",
    "/docs": "no-cache",
    "/docs/page.js": "no-cache",
    "/docs/swagger-ui.css": "no-cache",
    "/docs/swagger-ui-bundle.js": "no-cache",
}
# The same, of answers from a read model.
STORED_READS = {
    "/api/price-calendar": "no-cache",
    "/api/airports": "public, max-age=300",
    "/api/routes": "public, max-age=300",
}
REVALIDATED = re.compile(r"/api/flights/[^/]+(/seats|/extras)?").fullmatch


def missing(answer: httpx.Response) -> list[str]:
    """What an answer lacks; each header is sent exactly once."""
    sent = answer.headers
    faults = [
        f"{name}: {sent.get_list(name)}"
        for name, value in PROMISED.items()
        if sent.get_list(name) != [value]
    ]
    if any(f"{name}=()" not in sent.get("permissions-policy", "") for name in ("camera", "usb")):
        faults.append("permissions-policy")
    policy, path = sent.get_list("content-security-policy"), answer.request.url.path
    is_page = answer.is_success and path.startswith(PAGES)
    if len(policy) != 1 or (policy[0] != POLICY and not is_page):
        faults.append(f"content-security-policy: {policy}")
    if "frame-ancestors 'none'" not in "".join(policy) or "default-src 'none'" not in policy[0]:
        faults.append(f"content-security-policy: {policy}")
    is_read = answer.request.method in {"GET", "HEAD"} and answer.status_code in {200, 304}
    known = STORED | STORED_READS
    stored = known.get(path) or (REVALIDATED(path) and "no-cache") if is_read else None
    kept = sent.get("cache-control", "").removeprefix("private, ")
    if kept != (stored or NEVER_STORED):
        faults.append(f"cache-control: {kept}")
    return faults


async def require_headers(answer: httpx.Response) -> None:
    """A hook of clients: no answer comes without them."""
    assert missing(answer) == [], f"{answer.request.method} {answer.request.url}"
