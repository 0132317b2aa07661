"""One operation of the document: words, parameters, body, answers, and who may use it."""

import inspect
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler

from domain.identity import roles
from interfaces.http import auth, wire
from interfaces.http.auth import Admission
from interfaces.http.ending import Ending, ending_of
from interfaces.http.openapi import actions, examples, refusals, schemas, security, tags, words
from interfaces.http.openapi.schemas import Schema
from interfaces.http.problem_kinds import KINDS
from interfaces.http.read_position import HEADER

# Of the headers that are explained, those of requests.
REQUEST_HEADERS = ("Accept-Language", "Idempotency-Key", "If-None-Match")
_MEANINGS = {
    304: "The client has this answer already.",
    413: "The body is too large",
    415: "The content type is not taken",
}
_LIMIT_HEADERS = ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset")
_PROBLEM = {"$ref": schemas.REFERENCE.format(name="ProblemBody")}
# Bare, or a string of RFC 8941 (3.3.3).
_KEY = r'^([!#-~]{1,255}|"([!#-\[\]-~]|\\["\\]){1,255}")$'


class Route(msgspec.Struct, frozen=True):
    """A route with the types of its body and of its answer."""

    method: str
    path: str
    handler: HTTPRouteHandler
    body: Any
    answer: Any
    body_may_be_absent: bool
    # "required", "optional", or None where no idempotency key is read.
    key: str | None
    admission: Admission | None
    # Of what `fields` leaves members out: of the answer, or of each entry of a list.
    sparse: type[msgspec.Struct] | None
    ending: Ending | None
    # Whether what it answers, or has mailed, is in the language that is asked for.
    by_language: bool
    open_to_guests: bool
    # Headers of its own, of an answer that is no problem.
    headers: tuple[str, ...]

    def structs(self) -> list[type[msgspec.Struct]]:
        """The structs of body and answer."""
        found = (*schemas.alternatives(self.body), *schemas.alternatives(self.answer))
        return [each for each in found if _is_struct(each)]

    def is_tagged(self) -> bool:
        """Whether an answer has an entity tag, and is 304 to a client that has it."""
        is_json = self.admission is None or self.admission.gives == (auth.JSON,)
        return self.method == "GET" and is_json and _is_struct(self.answer)

    def may_lag(self) -> bool:
        """Whether the answer is of a read model, and a client may ask for how much it contains."""
        return _is_struct(self.answer) and issubclass(self.answer, wire.ReadModelResponse)

    def may_write(self) -> bool:
        """Whether a request of it may change something, so that the answer has its position."""
        return self.method != "GET" and self.admission is not None and not self.may_lag()


def route(method: str, path: str, handler: HTTPRouteHandler) -> Route:
    """Return the route of a handler; `path` is written as the document has it."""
    hints = get_type_hints(inspect.unwrap(handler.fn), include_extras=True)
    optional = handler.opt.get("optional_body")
    return Route(
        method=method,
        path=path,
        handler=handler,
        body=_plain(hints["data"]) if "data" in hints else optional,
        answer=_plain(hints["return"]),
        body_may_be_absent="data" not in hints,
        key=handler.opt.get("idempotency_key"),
        admission=handler.opt.get("admission"),
        sparse=handler.opt.get("sparse"),
        ending=ending_of(handler),
        by_language=handler.opt.get("by_language", False),
        open_to_guests=handler.opt.get("open_to_guests", True),
        headers=handler.opt.get("headers_of_answer", ()),
    )


def _plain(annotation: Any) -> Any:
    """The type itself: without what is said about it, or the response around it."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    origin = get_origin(annotation)
    if isinstance(origin, type) and issubclass(origin, Response):
        return get_args(annotation)[0]
    return annotation


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def operation_id(handler: HTTPRouteHandler) -> str:
    """Return the name of the function that clients get: of the handler, unless it declares one."""
    if isinstance(handler.operation_id, str):
        return handler.operation_id
    first, *others = handler.fn.__name__.split("_")
    return first + "".join(each.title() for each in others)


def operation(
    found: Route, generated: Mapping[str, Any], components: Mapping[str, Schema]
) -> dict[str, Any]:
    """Return the operation; `generated` is the framework's, of which the parameters are taken."""
    text = inspect.getdoc(inspect.unwrap(found.handler.fn)) or ""
    names = {each["name"] for each in generated.get("parameters", ())}
    tag = tags.tag_of(found.path)
    written: dict[str, Any] = {
        "operationId": operation_id(found.handler),
        "tags": [] if tag is None else [tag],
        "summary": _summary(text),
        "description": _description(text, found, names),
        "security": security.of(found.path, found.method, found.admission),
    }
    if found.handler.deprecated:
        written["deprecated"] = True
    parameters = [
        _parameter(written["operationId"], each) for each in generated.get("parameters", ())
    ]
    if found.key is not None:
        parameters.append(_key_parameter(found))
    if found.is_tagged():
        parameters.append(_header_parameter("If-None-Match"))
    if found.by_language:
        parameters.append(_header_parameter("Accept-Language"))
    if found.may_lag():
        parameters.append(_position_parameter(written["operationId"]))
    if parameters:
        written["parameters"] = parameters
    if found.body is not None:
        written["requestBody"] = _body(found, components)
    elif found.path.startswith(security.WEBHOOK):
        written["requestBody"] = _signed_body()
    written["responses"] = _answers(found, components)
    return written


def _summary(text: str) -> str:
    """The first sentence, or what precedes a colon or semicolon in it, without its stop."""
    first = re.split(r"(?<=\w)[.;:](?:\s|$)", text.replace("\n", " "), maxsplit=1)[0]
    return first.strip().removesuffix(".")


def _description(text: str, found: Route, parameters: Collection[str]) -> str:
    """What the route says of itself; when it is called, page by page; and by whom."""
    parts = [text, _who(found)]
    action = actions.action_of(operation_id(found.handler))
    if action is not None:
        parts.insert(1, f"Offered while `availableActions` of the booking has `{action}`.")
    if "cursor" in parameters:
        parts.insert(1, "The next page has `nextCursor` as its `cursor`; null is the last page.")
    if found.ending is not None:
        parts.insert(0, f"Ends on {found.ending.last_day}: call `{found.ending.instead}`.")
    return "\n\n".join(parts)


def _who(found: Route) -> str:
    admission = found.admission
    if admission is None or not admission.signed_in:
        return "Nobody has to be signed in."
    said, holders = "For every role.", list(roles.ROLES)
    if admission.permission is not None:
        holders = [each for each in roles.ROLES if roles.may(each, admission.permission)]
        said = f"For the permission `{admission.permission}`: {', '.join(holders)}."
    if "{booking_id}" in found.path and "customer" in holders and found.open_to_guests:
        said += " Also with the token that `findBooking` gives for this booking."
    if admission.scope is None:
        return f"{said} Not for clients of third parties."
    return f"{said} A client of a third party needs the scope `{admission.scope}`."


def _parameter(operation: str, generated: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter of path or query; what may be absent is never null."""
    schema = dict(generated["schema"])
    if "oneOf" in schema:
        (present,) = [each for each in schema.pop("oneOf") if each.get("type") != "null"]
        schema = {**present, **schema}
    if isinstance(schema.get("type"), list):
        schema["type"] = next(each for each in schema["type"] if each != "null")
        schema["enum"] = [each for each in schema["enum"] if each is not None]
    schema = {name: _as_in_a_body(value) for name, value in schema.items()}
    written = {
        "name": generated["name"],
        "in": generated["in"],
        "required": generated["required"],
        "schema": schema,
    }
    word = words.parameter_word(operation, generated["name"])
    if word is not None:
        written["description"] = word.text
        if word.example is not words.NO_EXAMPLE:
            written["example"] = word.example
    return written


def _as_in_a_body(limit: Any) -> Any:
    """A limit as the same member of a body has it: whole where the framework makes it a float."""
    if isinstance(limit, str):
        return limit.replace(schemas.BEFORE_LINE_FEED, "")
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit


def _key_parameter(found: Route) -> dict[str, Any]:
    """The header; where the body may carry the key instead, the header alone is not required."""
    name = "Idempotency-Key"
    word = words.words().headers[name]
    in_body = found.body is not None
    required = "Required" if found.key == "required" else "Optional"
    place = " here or as `idempotencyKey` in the body; where both are given they agree"
    return {
        "name": name,
        "in": "header",
        "required": found.key == "required" and not in_body,
        "description": f"{required}{place if in_body else ''}. {word.text}",
        "schema": {"type": "string", "pattern": _KEY},
        "example": word.example,
    }


def _header_parameter(name: str) -> dict[str, Any]:
    word = words.words().headers[name]
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": word.text,
        "schema": {"type": "string"},
        "example": word.example,
    }


def _position_parameter(operation: str) -> dict[str, Any]:
    name = HEADER.decode()
    # Anything else asks for nothing, so no text is refused.
    schema = {"type": "string"}
    generated = {"name": name, "in": "header", "required": False, "schema": schema}
    return _parameter(operation, generated)


def _body(found: Route, components: Mapping[str, Schema]) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": schemas.of(found.body)}
    content["example"] = examples.of_schema(components, content["schema"])
    return {"required": not found.body_may_be_absent, "content": {auth.JSON: content}}


def _signed_body() -> dict[str, Any]:
    described = "An event as Stripe sends and signs it: the bytes count, not their meaning."
    return {
        "required": True,
        "description": described,
        "content": {auth.JSON: {"schema": {"type": "object"}}},
    }


def _answers(found: Route, components: Mapping[str, Schema]) -> dict[str, Any]:
    answers = {str(found.handler.status_code): _success(found, components)}
    if found.is_tagged():
        answers["304"] = {"description": _MEANINGS[304], "headers": _headers(found)}
    members = components.get(getattr(found.body, "__name__", ""), {}).get("properties", {})
    declared = refusals.Declared(
        path=found.path,
        method=found.method,
        admission=found.admission,
        has_body=found.body is not None or found.path.startswith(security.WEBHOOK),
        is_keyed=found.key is not None,
        members=frozenset(members),
    )
    for status, codes in refusals.codes_by_status(declared).items():
        name = ".".join((str(status), *codes))
        answers[str(status)] = {"$ref": f"#/components/responses/{name}"}
    return answers


def _success(found: Route, components: Mapping[str, Schema]) -> dict[str, Any]:
    gives = (auth.JSON,) if found.admission is None else found.admission.gives
    if gives == (auth.JSON,):
        schema = schemas.of(found.answer)
        if found.sparse is not None:
            some = schemas.REFERENCE.format(name=f"{schemas.SPARSE}{found.answer.__name__}")
            schema = {"anyOf": [schema, {"$ref": some}]}
        example = examples.of_schema(components, schema)
        content: dict[str, Any] = {auth.JSON: {"schema": schema, "example": example}}
    else:
        content = {each: {"schema": _unparsed(each)} for each in gives}
    return {
        "description": _answer_words(found, gives),
        "headers": _headers(found),
        "content": content,
    }


def _answer_words(found: Route, gives: Sequence[str]) -> str:
    """What the structs of the answer say of themselves, or which file it is."""
    texts = [
        (inspect.getdoc(each) or "").partition("\n\n")[0]
        for each in schemas.alternatives(found.answer)
        if _is_struct(each)
    ]
    if gives == (auth.JSON,):
        return "\n\nOr: ".join(texts) or "A value."
    return f"The content, as {' or '.join(f'`{each}`' for each in gives)}."


def _unparsed(media_type: str) -> Schema:
    """Text as it is, and bytes of any other media type."""
    is_text = media_type.startswith("text/")
    return {"type": "string"} if is_text else {"type": "string", "format": "binary"}


def _headers(found: Route) -> dict[str, Any]:
    """The headers of an answer that is no problem."""
    names = ["x-correlation-id"]
    if found.admission is not None:
        names.extend(_LIMIT_HEADERS)
    if found.key is not None:
        names.append("idempotency-replayed")
    if found.is_tagged():
        names.append("etag")
    if found.may_write():
        names.append(HEADER.decode())
    if found.ending is not None:
        names.extend(("deprecation", "sunset"))
    names.extend(found.headers)
    return {name: _header(name) for name in names}


def refusal(name: str) -> dict[str, Any]:
    """Return the answer of this name: its status and the codes of the problems, between stops."""
    number, *codes = name.split(".")
    status = int(number)
    meaning = _MEANINGS.get(status) or " ".join(KINDS[code].english for code in codes)
    headers = {"x-correlation-id": _header("x-correlation-id")}
    if status in {429, 502, 503, 504}:
        headers["retry-after"] = _header("retry-after")
    if status == 401:
        headers["www-authenticate"] = _header("www-authenticate")
    shown = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
    return {
        "description": f"{', '.join(codes)}: {meaning}",
        "headers": headers,
        "content": {auth.JSON: {"schema": _PROBLEM, "examples": shown}},
    }


def _header(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/headers/{name}"}
