"""mobile-api.md: what the makers of an app need, with the examples of the OpenAPI document."""

import json
import textwrap
from collections.abc import Iterator
from typing import Any

from interfaces.http.auth import JSON
from interfaces.http.openapi.actions import OPERATIONS_OF
from interfaces.http.problem_kinds import KINDS
from tests.support.openapi_document import openapi_document
from tests.support.reference.markdown import anchor, code, page, table

INTRO = """\
# The API for apps

Generated from the OpenAPI document by `python -m tests.support.reference.pages`; a test fails when
they differ. All routes are on the [page of the API](api.md); what may change, and how it is
announced, is on the [page of its versions](api-versions.md). Requests that can be tried one by one
are in [connect an app](../how-to/connect-an-app.md) and
[sell in an app](../how-to/sell-in-an-app.md).

- **A typed client** is generated from `/schema/openapi.json`. Names of operations, such as
  `createBooking`, are the names of its functions and stay. The suite generates clients with
  openapi-typescript, openapi-python-client and Postman, and runs them against a server;
  `python -m tests.support.typescript_client FOLDER` packs the first for npm. What they need for
  files is [below](#files).
- **To try it**: `ops/ais demo` prints an address and accounts. Its page `/docs` sends requests, and
  [postman.json](postman.json) is a collection whose first folder is the journey below.
- JSON in camelCase, in UTF-8. A member that is not known is refused in a request; in an answer, an
  app ignores members, and handles texts that are codes, which it does not know.

## Values

| value | form |
|---|---|
| money | `{"amount": 50000, "currency": "SAR"}`, in the minor unit of the currency |
| instant | `2026-11-30T06:15:00Z`: RFC 3339 in UTC. Show it in the zone of the airport |
| day | `2026-11-30`: the day of a search is the local day at the airport of departure |
| id | opaque text. A booking is also found by its reference of six symbols, such as `7K3M9Q` |
| passenger, segment | counted from 0 within a booking |
| language | `Accept-Language: ar` or `en` chooses that of `message`, which is shown to people |

SAR has two decimals (50000 is 500.00), KWD three (12500 is 12.500), JPY none (900 is 900): an app
takes the number from ISO 4217 and calculates in integers.
"""

BOOKING = {"$ref": "#/components/schemas/BookingResponse"}
# The steps of a journey: heading, what to know about it, operation.
STEPS: tuple[tuple[str, str, str], ...] = (
    (
        "Sign in",
        "`POST /api/auth/register` makes an account first. Keep both tokens in the keychain of the "
        "device; the access token is sent as `Authorization: Bearer` for `expiresIn` seconds. Keep "
        "the cookie of the answer too: known by it, the device is not locked out by others' wrong "
        "passwords.",
        "mobileLogin",
    ),
    (
        "Refresh the token",
        "On `TOKEN_EXPIRED`, or a minute before, exchange the refresh token; store the new pair "
        "before it is used, because the old one is spent. One request at a time does it: sent "
        "again within ten seconds the same token gets the same successor, later it ends the "
        "session. On `UNAUTHORIZED` sign in again; `details.reason` is `session_ended` where the "
        "session was ended elsewhere. `POST /api/auth/logout` signs this device out, "
        "`GET /api/auth/sessions` lists all.",
        "refreshTokens",
    ),
    (
        "Search",
        "Nobody has to be signed in. `price` is that of one adult without extras; "
        "`availableSeats` is of that moment and promises nothing.",
        "searchFlights",
    ),
    (
        "Ask for the price",
        "A quote is the price of the whole journey for the whole party until `validUntil`. Show "
        "`total`; never add up prices in the app.",
        "createQuote",
    ),
    (
        "Book",
        "Seats of all flights are held until `holdUntil`, or none are. Offer the "
        "[actions](#actions) that `availableActions` lists and nothing else.",
        "createBooking",
    ),
    (
        "Pay",
        "Open `checkoutUrl` in the browser of the system, not in a web view: payers see whose page "
        "it is, and wallets work. Stripe then leads to a page of ours with the outcome. A repeat "
        "returns the session that is open.",
        "openCheckout",
    ),
    (
        "Wait for the tickets",
        "The payment counts when Stripe has confirmed it to us, not when the browser returns. Read "
        "the booking after 1, 1, 2, 3, 5 and 8 seconds, then each minute, until `status` is "
        "`confirmed` and each passenger has a ticket, or `expired`. Send `If-None-Match` with the "
        "`ETag` of the last answer: 304 means that nothing has changed.",
        "readBooking",
    ),
    (
        "Cancel: the terms",
        "Show fee, refund and destination as they are in the quote, and have them accepted.",
        "quoteCancellation",
    ),
    (
        "Cancel: at these terms",
        "`QUOTE_EXPIRED` means that price or booking changed: ask for a new quote and show it. "
        "`refunds` of the booking shows how far the money is.",
        "cancelBooking",
    ),
    (
        "Change: the terms",
        "Another flight, day or cabin. Where something is due, `modify` is followed by a checkout.",
        "quoteModification",
    ),
    (
        "Change: at these terms",
        "The tickets are exchanged at once where nothing is due, else when the difference is paid: "
        "until then the booking keeps its old flights, and `change` is what waits for the payment.",
        "modifyBooking",
    ),
    (
        "Extras later: the price",
        "Bags, meals and seats for a booking with tickets. A seat may be gone when paid: then "
        "another of its kind is given, or its price goes back.",
        "quoteExtras",
    ),
    (
        "Extras later: at this price",
        "A checkout follows, as for a booking. `extrasOrder` is what waits for the payment.",
        "addExtras",
    ),
    (
        "Return an extra: the terms",
        "By the number of its document, while it is not used. Show fee and refund.",
        "quoteExtraRefund",
    ),
    (
        "Return an extra: at these terms",
        "`refundedExtras` has it then, and `refunds` shows how far the money is.",
        "refundExtra",
    ),
)

ACTIONS = """\
## Actions

What `availableActions` of a booking may list, and what to call for it. It depends on the state of
the booking, the time and who asks, so read it again before a button is shown.
"""

RULES = """\
## Repeats

A network fails after the server has done its work. So each action of the user gets **one** key, a
random UUID that is stored before the first try, and every try sends it as `Idempotency-Key`:

- the same key and body: the first answer again, with `Idempotency-Replayed: true`; done once;
- the same key and another body: `IDEMPOTENCY_CONFLICT`; nothing is done;
- a new action, also after a refusal that the user has reacted to: a new key.

Keys are required for creating, paying, cancelling, modifying and refunding, and taken with every
other change. A key belongs to one user and one route.

## Lists

A list answers with `nextCursor`, which is sent as `cursor` for the next page; null is the last
page. A cursor is opaque. Lists follow the log within a moment: `asOfPosition` is how far,
`lagSeconds` how old. One booking by its id is always as it is now.

## Fewer members

`readBooking` and `listBookings` take `fields`: the names of the members that are wanted, with
commas between. Such an answer is a `Sparse…` schema, in which any member may be absent: in
TypeScript `some()` of the packed client returns its type and `body()` that of a whole answer; in
Python the result is an instance of the one class or of the other. Where all members of the whole
schema are named, it is that one.

## Limits

Answers have `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` (seconds). After 429
wait for `Retry-After` seconds. Where a request may be repeated (`retryable`) without that header,
wait 1, 2, 4 seconds with a random part, five times at most, then ask the user.

## Refusals

Every answer that is not 2xx or 304 is the same flat object. Decide by `code`, and by the status for
a code that is not known; show `message`, which says what to do about `details.reason`; keep
`correlationId` for support.
"""


# What an app shows for each state of an account, and what the user does about it.
STATES: tuple[tuple[str, str, str], ...] = (
    ("`active`", "nothing", ""),
    (
        "`erasure_pending`",
        "that the account and the data of its bookings will be erased",
        "keeps the account: `withdrawErasure`",
    ),
    (
        "`second_factor_required`",
        "that the role can do nothing without a second factor",
        "enrols an authenticator app (`beginEnrolment`, `confirmEnrolment`, then "
        "`refreshTokens`), or signs in again with its code",
    ),
    (
        "`second_factor_reset_pending`",
        "when the lost second factor is removed",
        "nothing, if it is lost; else signs in with a code, which stops it",
    ),
    (
        "`locked`",
        "that somebody else guesses the password, and until when strange places are locked out",
        "changes the password: `changePassword`",
    ),
    (
        "`invitation_open`",
        "that an invitation to work for the airline was mailed, and until when it can be accepted",
        "opens the letter; its token goes to `acceptInvitation`",
    ),
    (
        "`unverified`",
        "that the address is not verified",
        "has the letter mailed again (`requestVerification`) and opens it",
    ),
)
# What an app sends the token of a mailed link to, by the page that the link leads to.
LINKS: tuple[tuple[str, str], ...] = (
    ("`reset-password`", "`resetPassword`"),
    ("`verify-email`", "`verifyEmail`, signed in"),
    ("`accept-invitation`", "`acceptInvitation`"),
    ("`reset-second-factor`", "`confirmFactorReset`"),
    ("`not-me`", "`secureAccount`; its `resetToken` goes to `resetPassword`"),
    ("`keep-account`", "`withdrawErasure`, signed in"),
)
STATES_INTRO = """## The state of an account

`GET /api/auth/me` (`readMe`) says what an account waits for: `state` is what to show first, and
`nextSteps` has everything, the most urgent first, each with the operation that does the step. The
app asks after each sign-in, and when it is opened."""
SIGNED_OUT = """What must not be told without signing in is left out of answers to the sign-in: a
place that is locked out and a closed account are refused like a wrong password (`UNAUTHORIZED`).
The app then offers `requestPasswordReset`, which ends every lock but that of wrong codes, which
lasts 24 hours at places that are not known. `mfaRequired` asks for a code; who has lost the app and
the recovery codes calls support, who have a link mailed.

Letters link to pages of the site, `/account/…?token=…`, which work without the app. It can open
those addresses itself (a universal link), or through the address in `AIS_APP_URL`, and sends the
token:"""


FILES = """\
## Files

What is not JSON is text (`text/csv`, `text/calendar`) or bytes (PDF, PNG, XML, lines of JSON). The
form of a file is in its address, so no `Accept` is needed; a refusal is JSON here, too.

- **openapi-fetch** reads JSON unless it is told otherwise: `parseAs: "text"` for text and
  `parseAs: "blob"` for bytes, such as `api.GET("/api/me/data.pdf", { parseAs: "blob" })`.
- **openapi-python-client** takes media types that it does not know from its settings, without which
  it leaves operations out. A file is then `answer.payload.read()`. The file for `--config`:
"""

STREAM = """\
An answer of `GET /api/audit/stream` (`followAuditedEvents`) does not end, so it is read line by
line: `parseAs: "stream"` in TypeScript, and in Python
`api.get_httpx_client().stream("GET", "/api/audit/stream", timeout=None)` instead of the function.
"""


def python_settings(found: dict[str, Any]) -> str:
    """Return the settings of openapi-python-client: all that is no JSON and no text is bytes."""
    answers = (
        answer
        for of_path in found["paths"].values()
        for operation in of_path.values()
        for answer in operation["responses"].values()
    )
    types = {each for answer in answers for each in answer.get("content", ())}
    unknown = sorted(each for each in types if not each.startswith("text/") and each != JSON)
    lines = [f"  {each}: application/octet-stream" for each in unknown]
    return "\n".join(["content_type_overrides:", *lines, ""])


def text() -> str:
    """The page."""
    found = openapi_document()
    operations = {
        operation["operationId"]: (method.upper(), path, operation)
        for path, of_path in found["paths"].items()
        for method, operation in of_path.items()
    }
    steps = [line for step in STEPS for line in _step(*step, operations)]
    example = found["components"]["examples"]["VALIDATION_ERROR"]["value"]
    rows = [
        (
            f"[{code(name)}](errors.md#{anchor(name)})",
            str(kind.status),
            "yes" if kind.retryable else "no",
            kind.client,
        )
        for name, kind in KINDS.items()
    ]
    head = ("code", "status", "may be repeated", "what the app does")
    actions = [
        (code(action), " then ".join(_call(name, operations) for name in names))
        for action, names in OPERATIONS_OF.items()
    ]
    listed = table(("action", "call"), actions)
    refusals = table(head, rows)
    return page(
        *(INTRO, "## A journey", "", steps),
        *(STATES_INTRO, "", table(("state", "what the app shows", "what the user does"), STATES)),
        *(SIGNED_OUT, "", table(("page", "operation"), LINKS)),
        *(ACTIONS, listed, RULES, _block(example), refusals),
        *(FILES, ["```yaml", *python_settings(found).splitlines(), "```", ""], STREAM),
    )


def _call(name: str, operations: dict[str, tuple[str, str, Any]]) -> str:
    method, path, _ = operations[name]
    return f"{code(f'{method} {path}')} ({code(name)})"


def _step(
    heading: str, explained: str, name: str, operations: dict[str, tuple[str, str, Any]]
) -> Iterator[str]:
    method, path, operation = operations[name]
    key = [each for each in operation.get("parameters", ()) if each["name"] == "Idempotency-Key"]
    yield from (f"### {heading}", "")
    with_key = ", with a key" if key else ""
    said = f"{code(f'{method} {path}')} ({code(name)}{with_key}). {explained}"
    yield from (*textwrap.wrap(said, 100, break_on_hyphens=False), "")
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if "example" in body:
        content = {k: v for k, v in body["example"].items() if k != "idempotencyKey"}
        if content:
            yield from _block(content)
    done = next(each for status, each in operation["responses"].items() if status.startswith("2"))
    content = done["content"][JSON]
    if name != "createBooking" and BOOKING in (content["schema"], *_either(content["schema"])):
        yield from ("It answers with the booking.", "")
    else:
        yield from ("It answers:", "", *_block(content["example"]))


def _either(schema: dict[str, Any]) -> list[Any]:
    return list(schema.get("anyOf", ()))


def _block(content: Any) -> list[str]:
    return ["```json", json.dumps(content, ensure_ascii=False, indent=2), "```", ""]
