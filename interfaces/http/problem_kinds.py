"""The table of problems: answer, cause, and the remedies of client, agent and operator.

The client is the program that called; the agent is the member of staff who serves a traveller;
the operator runs the servers. `docs/reference/errors.md` is generated from this table.
"""

from collections.abc import Mapping

import msgspec


class Kind(msgspec.Struct, frozen=True):
    """A row of the table: `status` is the usual one, the two messages are shown to people.

    `cause` is why it is answered; `client`, `agent` and `operator` what each can do.
    """

    status: int
    retryable: bool
    english: str
    arabic: str
    cause: str
    client: str
    agent: str
    operator: str


KINDS: Mapping[str, Kind] = {
    "VALIDATION_ERROR": Kind(
        400,
        False,
        "The request is not valid.",
        "الطلب غير صالح.",
        cause="A member of the request is missing, unknown or breaks a rule, or what arrived is "
        "not sound HTTP/1.1: then the connection is closed. Also answered with status 413 for a "
        "body that is too large and 415 for another content type.",
        client="Correct the member that `details.field` names; do not repeat the request as it is.",
        agent="Check what was entered against `details.reason`.",
        operator="None. A sudden rise usually means that a client was released with a defect.",
    ),
    "UNAUTHORIZED": Kind(
        401,
        False,
        "Sign in to continue.",
        "يلزم تسجيل الدخول للمتابعة.",
        cause="There is no valid access token, or the e-mail address and password do not match. "
        "Who is locked out gets the same answer. `session_ended`: the user signed out, or the "
        "session was revoked; a refresh token is refused when its session is over, or when it was "
        "spent before. `invalid_client`: a client of a third party is unknown or disabled, or did "
        "not prove who it is.",
        client="Sign in and send the new token as `Authorization: Bearer`; a browser gets cookies.",
        agent="Sign in again. Five wrong passwords from one network or device lock it out of the "
        "account for 30 minutes; another device can still sign in.",
        operator="If valid tokens are refused, compare `AIS_TOKEN_KEY` and `AIS_PUBLIC_URL` of all "
        "web processes: they have to be the same.",
    ),
    "TOKEN_EXPIRED": Kind(
        401,
        False,
        "The session has expired; sign in again.",
        "انتهت الجلسة؛ سجّل الدخول من جديد.",
        cause="The access token was valid and is too old: it lives for a quarter of an hour.",
        client="Exchange the refresh token at `POST /api/auth/refresh`, then repeat the request "
        "with the same idempotency key. If that is refused, sign in again.",
        agent="Sign in again.",
        operator="If it happens right after signing in, check the clocks of the servers.",
    ),
    "PAYMENT_REQUIRED": Kind(
        402,
        False,
        "The amount due has not been paid.",
        "لم يُدفع المبلغ المستحق.",
        cause="The captured amount is not exactly the amount due.",
        client="Read the booking and collect the amount that it shows as due.",
        agent="Ask finance: the captured money is in unapplied funds.",
        operator="Look at `GET /api/ledger/unapplied-funds`.",
    ),
    "PAYMENT_FAILED": Kind(
        402,
        True,
        "The payment failed.",
        "تعذّر إتمام الدفع.",
        cause="Stripe refused to open the checkout session, or the session of this idempotency key "
        "can no longer be paid.",
        client="Ask for a checkout again with a new idempotency key.",
        agent="Have the traveller try again or use another card.",
        operator="Search Stripe's dashboard for the code in `details.reason`.",
    ),
    "FORBIDDEN": Kind(
        403,
        False,
        "Your role does not allow this.",
        "صلاحياتك لا تسمح بهذا الإجراء.",
        cause="The role of the caller lacks the permission that the route needs. `csrf_token`: a "
        "request with cookies, or the answer to a consent page, lacks the token of its session. "
        "`account_needed`: a guest's token is for the routes of one booking. "
        "`second_factor_required`: the role must prove a second factor, and this session, or that "
        "in which the user consented, has not. `insufficient_scope`: a client of a third party was "
        "not given the scope of the route.",
        client="Do not repeat the request; offer only the actions in `availableActions`. A browser "
        "repeats the value of the cookie `ais_csrf` in the header `X-CSRF-Token`. Without a second "
        "factor, enrol one at `POST /api/auth/totp`, then refresh.",
        agent="Ask a colleague whose role has the permission; see the [API](api.md#permissions).",
        operator="If the role is wrong, change it with `ais user role`; it takes effect at once, "
        "and the user signs in again.",
    ),
    "NOT_FOUND": Kind(
        404,
        False,
        "There is no such thing here.",
        "العنصر المطلوب غير موجود.",
        cause="There is no such address, booking, flight or payment, or it belongs to another "
        "customer: the answer is the same.",
        client="Check the id and which account is signed in.",
        agent="Check the record locator: it has six symbols and no 0, O, 1 or I.",
        operator="None.",
    ),
    "METHOD_NOT_ALLOWED": Kind(
        405,
        False,
        "This method is not offered here.",
        "هذه الطريقة غير متاحة هنا.",
        cause="The address exists and does not take this method, or the method is none of HTTP.",
        client="Use a method that the `Allow` header of the answer lists.",
        agent="Report it to the maker of the client.",
        operator="None.",
    ),
    "NOT_ACCEPTABLE": Kind(
        406,
        False,
        "Answers are given as JSON only.",
        "تُقدَّم الإجابات بصيغة JSON فقط.",
        cause="The `Accept` header excludes every media type that the route can answer with.",
        client="Accept JSON, or leave the header out.",
        agent="Report it to the maker of the client.",
        operator="None.",
    ),
    "REQUEST_TIMEOUT": Kind(
        408,
        True,
        "The request took too long to arrive.",
        "استغرق وصول الطلب وقتًا أطول من اللازم.",
        cause="The headers or the body of the request arrived too slowly.",
        client="Repeat the request with the same idempotency key.",
        agent="Check the network connection and try again.",
        operator="If it happens often, check the proxy: it should buffer slow uploads.",
    ),
    "SEATS_UNAVAILABLE": Kind(
        409,
        False,
        "Not enough seats are left.",
        "لا توجد مقاعد كافية.",
        cause="Fewer seats are free than the party needs, the chosen seat is taken, or sales of "
        "the flight have closed.",
        client="Search again; offer another flight, cabin or seat, or the waitlist.",
        agent="Offer another flight or the waitlist.",
        operator="After a change of aircraft, look at `GET /api/admin/oversold-flights`.",
    ),
    "BOOKING_CONFLICT": Kind(
        409,
        True,
        "This was changed at the same time; try again.",
        "جرى تعديل متزامن؛ حاول مرة أخرى.",
        cause="Another request changed the same booking or flight first.",
        client="Read the booking again and repeat the request if it still makes sense.",
        agent="Reload the booking; a colleague or the traveller may have changed it.",
        operator="None. Many in one minute mean that two clients work on the same booking.",
    ),
    "INVALID_STATE_TRANSITION": Kind(
        409,
        False,
        "This is not possible in the present state.",
        "هذا الإجراء غير ممكن في الحالة الراهنة.",
        cause="The booking, flight or payment is in a state in which the action is not possible; "
        "see the [states](states.md).",
        client="Read the booking again and offer the actions in `availableActions`.",
        agent="Look at the status and history of the booking, and at `details.reason`.",
        operator="None.",
    ),
    "PAYMENT_PROCESSING": Kind(
        409,
        True,
        "The payment is being processed.",
        "الدفع قيد المعالجة.",
        cause="A checkout session is being opened and Stripe has not answered yet, or a bank has "
        "not decided about the payment (`details.reason` is `bank_decides`), which may take days.",
        client="Repeat the request with the same idempotency key after `Retry-After` seconds, or "
        "after two seconds without one.",
        agent="Wait some seconds and look at the booking again.",
        operator="If it lasts longer than a minute, check that the scheduler and the workers run.",
    ),
    "IDEMPOTENCY_IN_PROGRESS": Kind(
        409,
        True,
        "The same request is being processed.",
        "الطلب نفسه قيد المعالجة.",
        cause="Reserved for a request whose idempotency key is being processed. This release does "
        "not answer it: the second request waits for the first and gets the same answer.",
        client="Repeat the request with the same idempotency key after a second.",
        agent="Wait a moment and try again.",
        operator="None.",
    ),
    "BOOKING_EXPIRED": Kind(
        410,
        False,
        "The time to pay for this booking is over.",
        "انتهت مهلة الدفع لهذا الحجز.",
        cause="The deadline to pay has passed and the seats are on sale again.",
        client="Start again with a new quote.",
        agent="Make a new booking. Money that arrives late is kept in unapplied funds for finance.",
        operator="If holds end too early, check the clocks of the servers.",
    ),
    "QUOTE_EXPIRED": Kind(
        410,
        False,
        "The quoted price is no longer valid.",
        "لم يعد السعر المعروض ساريًا.",
        cause="The quote is older than its `validUntil`, or the booking or the price changed after "
        "it was made.",
        client="Ask for a new quote and have the traveller accept it.",
        agent="Make a new quote and read the new terms to the traveller.",
        operator="None.",
    ),
    "ARCHIVED": Kind(
        410,
        False,
        "This is in the archive and can no longer be read or changed here.",
        "هذا السجل في الأرشيف، ولم يعد الاطلاع عليه أو تعديله ممكنًا هنا.",
        cause="Events of the booking, flight or payment were archived and detached from the "
        "database: nothing happened to it for ten years. Nothing was recorded.",
        client="Do not repeat the request. Show the reference and have the traveller contact the "
        "airline; lists show what they showed before.",
        agent="Ask an operator for the archived events, with the booking reference.",
        operator="Read them in the [archives of the log](../explanation/archives.md).",
    ),
    "IDEMPOTENCY_CONFLICT": Kind(
        422,
        False,
        "This idempotency key was used for another request.",
        "استُخدم مفتاح عدم التكرار هذا لطلب آخر.",
        cause="The idempotency key was used before, by the same user on the same route, with "
        "another body.",
        client="Use a new key for each new action, and the same key only to repeat one.",
        agent="Reload the page and try again.",
        operator="None. It is a defect of the client.",
    ),
    "REFUND_EXCEEDS_CAPTURED": Kind(
        422,
        False,
        "The refund is more than what was paid.",
        "مبلغ الاسترداد أكبر من المدفوع.",
        cause="The refund is more than what was captured and not yet refunded.",
        client="Ask for at most the `limit` in the details.",
        agent="Check the refunds in the history of the booking.",
        operator="None.",
    ),
    "RATE_LIMITED": Kind(
        429,
        True,
        "Too many requests; wait a while.",
        "طلبات كثيرة؛ انتظر قليلًا.",
        cause="The client sent more requests than its limit allows in this window, or would hold "
        "more seats without having paid than the account or its address may: `details.reason` is "
        "`unpaid_seats_flight`, `unpaid_seats_account` or `unpaid_seats_address`.",
        client="Wait for the seconds in `Retry-After`, then repeat the request.",
        agent="Wait a moment and try again. Seats that were paid for no longer count: pay first.",
        operator="Limits are the [settings](settings.md) `AIS_LIMIT_*`. If all clients share one "
        "address, set `AIS_TRUSTED_PROXIES`.",
    ),
    "HEADERS_TOO_LARGE": Kind(
        431,
        False,
        "The request headers are too large.",
        "ترويسات الطلب أكبر من المسموح.",
        cause="The address and headers of the request are larger than the server takes.",
        client="Send fewer or shorter headers; cookies are not needed.",
        agent="Clear the cookies of the site and try again.",
        operator="Check which headers the proxy adds.",
    ),
    "INTERNAL_ERROR": Kind(
        500,
        False,
        "Something went wrong on our side.",
        "حدث خطأ لدينا.",
        cause="A defect of the server. The request may have been carried out or not.",
        client="Report the `correlationId`. Read the booking before you repeat the request, and "
        "repeat it with the same idempotency key.",
        agent="Report the `correlationId` to the operator.",
        operator="Search the log of the web process for the `correlationId`: it has the frames.",
    ),
    "PROVIDER_ERROR": Kind(
        502,
        True,
        "The payment provider failed.",
        "حدث خطأ لدى مزوّد الدفع.",
        cause="Stripe could not be reached or failed. Nothing was charged by this request. "
        "`details.reason` is `payment_delayed` where a checkout is recorded and is opened later; "
        "`details.heldUntil` is until when the seats are held meanwhile.",
        client="Repeat the request with the same idempotency key after `Retry-After` seconds. A "
        "checkout that is opened after a wait is also sent to the traveller by a letter.",
        agent="Wait a minute and try again; the seats stay held until their deadline.",
        operator="Check Stripe's status page and the network to Stripe. A critical line in the log "
        "that Stripe refuses our key means: set the key (`AIS_STRIPE_API_KEY`) or its rights. A "
        "warning that requests were not sent for our limit means: raise the part of the process "
        "(`AIS_STRIPE_SHARE_PERCENT`), or the limits once Stripe has raised yours.",
    ),
    "SERVICE_UNAVAILABLE": Kind(
        503,
        True,
        "Not available at the moment; try again.",
        "الخدمة غير متاحة حاليًا؛ حاول لاحقًا.",
        cause="The database does not answer, more requests wait than can be served in time, or a "
        "read model that the answer depends on has stopped. `details.reason` is `maintenance` "
        "while nothing can be changed, `details.until` is its planned end, where there is one; it "
        "is `read_only` while the database has no room to write.",
        client="Repeat the request with the same idempotency key after `Retry-After` seconds. "
        "During maintenance, show what can be read.",
        agent="Wait a moment and try again.",
        operator="Look at `GET /health/ready`: it names the component that is down, and the modes "
        "that are on; `ais modes` says who switched them on and why.",
    ),
    "PROVIDER_TIMEOUT": Kind(
        504,
        True,
        "The payment provider did not answer in time.",
        "لم يُجب مزوّد الدفع في الوقت المحدد.",
        cause="Stripe did not answer in time: whether it did what was asked is not known yet. "
        "`details.reason` is `payment_delayed` where a checkout is opened later, and "
        "`details.heldUntil` is until when the seats are held meanwhile.",
        client="Repeat the request with the same idempotency key; the outcome is looked up, "
        "nothing is charged twice.",
        agent="Wait a minute and look at the booking again.",
        operator="Check Stripe's status page. The scheduler asks Stripe again by itself.",
    ),
}
