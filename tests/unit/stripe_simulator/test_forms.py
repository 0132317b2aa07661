"""Bracketed forms become nested dictionaries, and an invalid form is refused."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stripe._encode import _api_encode

from infrastructure.stripe_simulator.errors import ApiError
from infrastructure.stripe_simulator.forms import unflatten


def test_brackets_nest_and_empty_brackets_count_up() -> None:
    assert unflatten("a[b][0]=x&a[b][1]=y&c=z&d[]=1&d[]=2&e=") == {
        "a": {"b": {"0": "x", "1": "y"}},
        "c": "z",
        "d": {"0": "1", "1": "2"},
        "e": "",
    }


def test_escapes_are_read_as_text() -> None:
    assert unflatten("name=%D8%A7%26b%5B%5D") == {"name": "ا&b[]"}


def test_a_repeated_name_keeps_the_last_value() -> None:
    assert unflatten("a=1&a=2") == {"a": "2"}


@pytest.mark.parametrize(
    "text",
    [
        "a=1&a[b]=2",
        "a[b]=2&a=1",
        "[a]=1",
        "a[b=1",
        "a]b=1",
        "a%FF=1&b=%FF",
        "a" + "[b]" * 20 + "=1",
        "&".join(f"a{n}=1" for n in range(1100)),
    ],
)
def test_an_invalid_form_is_refused(text: str) -> None:
    with pytest.raises(ApiError) as caught:
        unflatten(text)
    assert caught.value.status == 400


_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="[]"), min_size=1, max_size=8)


@given(st.dictionaries(_TEXT, st.one_of(_TEXT, st.dictionaries(_TEXT, _TEXT, min_size=1))))
def test_decoding_reverses_the_encoding_of_the_sdk(tree: dict[str, object]) -> None:
    assert unflatten(urlencode(list(_api_encode(tree)))) == tree
