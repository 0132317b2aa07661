"""Bodies as forms send them, `application/x-www-form-urlencoded`: each member once, or refused."""

import urllib.parse

import msgspec

from interfaces.http.problems import invalid
from interfaces.http.strict_request import INVISIBLE_REASON, StrictRequest, is_visible

FORM = "application/x-www-form-urlencoded"
FORM_LIMIT_BYTES = 16 * 1024
MEMBERS_LIMIT = 40
NAME_SHOWN = 40


async def members_of(request: StrictRequest) -> dict[str, str]:
    """Return the members of the form; one without a value counts as missing (RFC 6749, 3.2).

    Raises a VALIDATION_ERROR for another content type (415), a longer body (413), a member that is
    given twice, and characters that are not drawn.
    """
    content_type = (request.header(b"content-type") or b"").decode("latin-1")
    if content_type.partition(";")[0].strip().lower() != FORM:
        raise invalid("", f"the content type must be {FORM}", status=415)
    content = await request.raw(limit_bytes=FORM_LIMIT_BYTES)
    try:
        pairs = urllib.parse.parse_qsl(
            content.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MEMBERS_LIMIT,
        )
    except ValueError:
        raise invalid("", "not a form") from None
    members: dict[str, str] = {}
    for name, value in pairs:
        if not all(map(is_visible, name + value)):
            raise invalid("", INVISIBLE_REASON)
        if name in members:
            raise invalid(name[:NAME_SHOWN], "given more than once")
        members[name] = value
    return {name: value for name, value in members.items() if value}


def require_members(members: dict[str, str], form: type[msgspec.Struct]) -> None:
    """Raises a VALIDATION_ERROR that names what of the form is missing."""
    for each in msgspec.structs.fields(form):
        if each.required and each.encode_name not in members:
            raise invalid(each.encode_name, "missing")
