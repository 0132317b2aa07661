"""The request contract: every parameter is checked against the SDK's own TypedDicts.

The shapes come from `stripe.params`, so they always match the pinned SDK. Where the SDK leaves an
enumeration open (`Literal[...] | str`) the simulator rejects other values, as Stripe does.
"""

import functools
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import stripe
import typing_extensions

from infrastructure.stripe_simulator.configuration import Json
from infrastructure.stripe_simulator.errors import ApiError, invalid

INTEGER_LIMIT = 2**63
TEXT_LIMIT = 5000
METADATA_KEYS_LIMIT = 50
METADATA_KEY_LENGTH_LIMIT = 40
METADATA_VALUE_LENGTH_LIMIT = 500

_INTEGER = re.compile(r"-?[0-9]{1,19}")
# Options of the SDK call itself: its TypedDicts inherit them, but they are never sent.
_CALL_OPTIONS = frozenset(stripe.RequestOptions.__annotations__)
_DEFERRED_NAMES: Json = {"Mapping": Mapping, "StripeContext": stripe.StripeContext}


def checked(params: Json, shape: type) -> Json:
    """Return the parameters, typed; raises Stripe's 400 for what the shape does not allow."""
    return _object(params, shape, "")


@functools.cache
def _fields(shape: type) -> tuple[dict[str, Any], frozenset[str]]:
    hints = typing.get_type_hints(shape, localns=_DEFERRED_NAMES)
    fields = {name: hint for name, hint in hints.items() if name not in _CALL_OPTIONS}
    return fields, frozenset(getattr(shape, "__required_keys__", ())) & fields.keys()


def _join(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name


def _object(value: Json, shape: type, path: str) -> Json:
    fields, required = _fields(shape)
    for name in value:
        if name not in fields:
            where = _join(path, name)
            raise invalid(
                f"Received unknown parameter: {where}", param=where, code="parameter_unknown"
            )
    for name in sorted(required):
        if name not in value:
            where = _join(path, name)
            raise invalid(
                f"Missing required param: {where}.", param=where, code="parameter_missing"
            )
    return {name: _value(inner, fields[name], _join(path, name)) for name, inner in value.items()}


def _alternatives(hint: Any) -> list[Any]:
    """Return the members of a union, flattened; a plain hint is its own only member."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return [each for member in typing.get_args(hint) for each in _alternatives(member)]
    return [hint]


def _value(value: Any, hint: Any, path: str) -> Any:
    alternatives = _alternatives(hint)
    if isinstance(value, str):
        return _scalar(value, alternatives, path)
    for alternative in alternatives:
        origin = typing.get_origin(alternative)
        if origin is list:
            return _list(value, typing.get_args(alternative)[0], path)
        if origin is dict:
            return _metadata(value, path)
        if typing_extensions.is_typeddict(alternative):
            return _object(value, alternative, path)
    raise invalid(f"Invalid string: {path}", param=path)


def _list(value: Json, member: Any, path: str) -> list[Any]:
    names = [str(index) for index in range(len(value))]
    if set(value) != set(names):
        raise invalid("Invalid array", param=path)
    return [_value(value[name], member, _join(path, name)) for name in names]


def _metadata(value: Json, path: str) -> dict[str, str]:
    if len(value) > METADATA_KEYS_LIMIT:
        raise invalid(f"Metadata can have at most {METADATA_KEYS_LIMIT} keys.", param=path)
    for name, text in value.items():
        where = _join(path, name)
        if not isinstance(text, str):
            raise invalid(f"Invalid string: {where}", param=where)
        if len(name) > METADATA_KEY_LENGTH_LIMIT:
            raise invalid(
                f"Metadata keys can have up to {METADATA_KEY_LENGTH_LIMIT} characters.",
                param=where,
            )
        if len(text) > METADATA_VALUE_LENGTH_LIMIT:
            raise invalid(
                f"Metadata values can have up to {METADATA_VALUE_LENGTH_LIMIT} characters.",
                param=where,
            )
    return {name: text for name, text in value.items() if text != ""}


def _scalar(text: str, alternatives: Sequence[Any], path: str) -> Any:
    allowed = [
        option
        for alternative in alternatives
        if typing.get_origin(alternative) is typing.Literal
        for option in typing.get_args(alternative)
    ]
    if text in allowed:
        return text
    if text == "":
        raise invalid(
            f"You passed an empty string for '{path}'; it cannot be unset.",
            param=path,
            code="parameter_invalid_empty",
        )
    named = [option for option in allowed if option != ""]
    refusal: ApiError | None = None
    for alternative in alternatives:
        if alternative is str and not named:
            return _text(text, path)
        if alternative in _READERS:
            try:
                return _READERS[alternative](text, path)
            except ApiError as error:
                refusal = error
    if named and refusal is None:
        raise invalid(f"Invalid {path}: must be one of {', '.join(named)}", param=path)
    raise refusal or invalid(f"Invalid object: {path}", param=path)


def _text(text: str, path: str) -> str:
    if len(text) > TEXT_LIMIT or "\x00" in text:
        raise invalid(
            f"Invalid string: {path} must be at most {TEXT_LIMIT} characters",
            param=path,
            code="parameter_invalid_string",
        )
    return text


def _integer(text: str, path: str) -> int:
    if _INTEGER.fullmatch(text) is None or abs(int(text)) >= INTEGER_LIMIT:
        raise invalid(f"Invalid integer: {text[:40]}", param=path, code="parameter_invalid_integer")
    return int(text)


def _boolean(text: str, path: str) -> bool:
    if text not in ("true", "false"):
        raise invalid(f"Invalid boolean: {text[:40]}", param=path)
    return text == "true"


def _decimal(text: str, path: str) -> str:
    try:
        finite = Decimal(text).is_finite()
    except InvalidOperation as error:
        raise invalid(f"Invalid decimal: {text[:40]}", param=path) from error
    if not finite:
        raise invalid(f"Invalid decimal: {text[:40]}", param=path)
    return text


_READERS: dict[Any, Callable[[str, str], Any]] = {
    bool: _boolean,
    int: _integer,
    float: _decimal,
    Decimal: _decimal,
}
