"""Every text of every body, found by its type: one line of visible characters, and full matches."""

import importlib
import json
import pkgutil
from collections.abc import Iterator
from typing import Any

import email_validator
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from interfaces import http
from interfaces.http.mailbox import mailbox
from interfaces.http.problems import Problem
from interfaces.http.strict_request import (
    DRAWN_AS_NOTHING,
    INVISIBLE,
    INVISIBLE_REASON,
    decoded,
)

# Line feed, tabulator, delete, next line, zero-width space and joiner, right-to-left override,
# line and paragraph separator, soft hyphen, byte order mark; grapheme joiner, Hangul fillers, a
# vowel sign and selectors that are drawn as nothing.
HIDDEN = (
    "\n\t\x7f\x85\u200b\u200d\u202e\u2028\u2029\u00ad\ufeff"
    "\u034f\u115f\u1160\u3164\uffa0\u17b4\u180b\U000e0100"
)
Path = tuple[str | int, ...]


def request_types() -> list[type[msgspec.Struct]]:
    """Every struct of the HTTP package that refuses unknown members: what clients send."""
    found = set()
    for module in pkgutil.iter_modules(http.__path__, "interfaces.http."):
        for value in vars(importlib.import_module(module.name)).values():
            is_struct = isinstance(value, type) and issubclass(value, msgspec.Struct)
            if is_struct and value.__module__.startswith("interfaces.http."):
                found.update([value] if value.__struct_config__.forbid_unknown_fields else [])
    return sorted(found, key=lambda each: (each.__qualname__, each.__module__))


def texts(kind: inspect.Type, path: Path = ()) -> Iterator[tuple[Path, inspect.StrType]]:
    """Every text within a type, with where it stands."""
    match kind:
        case inspect.StructType(fields=fields):
            for field in fields:
                yield from texts(field.type, (*path, field.encode_name))
        case inspect.UnionType(types=types):
            for each in types:
                yield from texts(each, path)
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            yield from texts(item, (*path, 0))
        case inspect.StrType():
            yield path, kind


TEXTS = [
    (request, path, kind)
    for request in request_types()
    for path, kind in texts(inspect.type_info(request))
]


def body_with(path: Path, value: Any) -> Any:
    """A body that has only this value."""
    for step in reversed(path):
        value = [value] if isinstance(step, int) else {step: value}
    return value


def shown(path: Path) -> str:
    """The path as an answer names it."""
    return "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in path
    ).removeprefix(".")


# Texts without a pattern can hold anything, also a name: what becomes of each.
FREE_TEXTS = {
    "sealed": {
        *("firstName", "lastName", "arabicName", "email", "newEmail", "reason", "waiver"),
        *("note", "iban", "holder", "senderName", "message"),
        *("name", "street", "district", "city"),
    },
    "signed by our server": {"quoteId", "refreshToken", "guestToken"},
    "hashed": {"password", "currentPassword", "newPassword", "token", "code"},
    "published, as names of fare families": {"en", "ar"},
    "read as lines of a schedule, of which no text is kept": {"0"},
}


def test_every_free_text_of_a_request_is_sealed_signed_hashed_or_of_no_person() -> None:
    free = {str(path[-1]) for _, path, kind in TEXTS if kind.pattern is None}
    assert free == set().union(*FREE_TEXTS.values())


def test_there_are_texts_to_try() -> None:
    assert len(TEXTS) > 40


@pytest.mark.parametrize(
    ("request_type", "path"), [(request, path) for request, path, _ in TEXTS], ids=str
)
def test_no_text_takes_a_control_or_invisible_character(
    request_type: type[msgspec.Struct], path: Path
) -> None:
    for index, symbol in enumerate(HIDDEN):
        text = (f"ABC{symbol}", f"{symbol}ABC", f"A{symbol}BC")[index % 3]
        body = json.dumps(body_with(path, text), ensure_ascii=index % 2 == 0)
        with pytest.raises(Problem) as refused:
            decoded(body.encode(), request_type)
        assert refused.value.details == {"field": shown(path), "reason": INVISIBLE_REASON}


@pytest.mark.parametrize(
    "pattern", sorted({kind.pattern for _, _, kind in TEXTS if kind.pattern is not None})
)
def test_a_pattern_is_anchored_at_both_ends_and_knows_digits_of_ascii_only(pattern: str) -> None:
    assert pattern.startswith("^")
    assert pattern.endswith("$(?!\\n)"), "a dollar alone also stands before a line feed"
    assert "\\d" not in pattern
    assert "\\w" not in pattern


SEEN = st.characters(
    categories=("L", "M", "N", "P", "S", "Zs"), exclude_characters="".join(DRAWN_AS_NOTHING)
)


@given(st.text(SEEN, max_size=40))
def test_any_visible_text_is_taken_whatever_its_script(text: str) -> None:
    class Body(msgspec.Struct):
        text: str

    content = json.dumps({"text": text}, ensure_ascii=False).encode()
    assert decoded(content, Body).text == text


def test_an_emoji_is_taken_as_it_is_typed() -> None:
    test_any_visible_text_is_taken_whatever_its_script.hypothesis.inner_test("✈️")


def test_the_refused_categories_are_those_that_nobody_sees() -> None:
    assert {"Cc", "Cf", "Zl", "Zp"} == INVISIBLE


@pytest.mark.parametrize(
    "text",
    [
        "noura@example.com, omar@example.com",
        "noura@example.com;omar@example.com",
        "Noura <noura@example.com>",
        "=?utf-8?q?noura?=@example.com\n",
        "noura@example.com\nBcc: omar@example.com",
        "noura@localhost",
        "noura",
        "@example.com",
        "noura@@example.com",
        "noura @example.com",
    ],
)
def test_what_is_not_one_mailbox_is_no_address(text: str) -> None:
    assert mailbox(text) is None


def test_an_address_is_one_mailbox() -> None:
    assert mailbox(" Noura.Al-Harbi+sv@Example.com ") == "Noura.Al-Harbi+sv@example.com"


@given(
    st.builds(
        "@".join,
        st.tuples(
            st.text('aB1._+-"é ', max_size=66),
            st.sampled_from(
                [
                    "example.com",
                    "EXAMPLE.com",
                    "bücher.example",
                    "localhost",
                    "a..b",
                    "",
                    "[::1]",
                    "x" * 64 + ".example",
                    ".".join(["abc"] * 63) + ".example",
                ]
            ),
        ),
    )
)
def test_an_address_is_judged_as_the_library_judges_it(text: str) -> None:
    try:
        expected = email_validator.validate_email(
            text.strip(), check_deliverability=False, test_environment=True
        ).normalized
    except email_validator.EmailNotValidError:
        expected = None
    assert mailbox(text) == expected


def test_no_two_types_of_bodies_have_one_name() -> None:
    """The API document would name both after their modules."""
    names = [each.__name__ for each in request_types()]
    assert sorted(names) == sorted(set(names))
