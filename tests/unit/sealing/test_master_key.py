"""Master keys: parsing the setting, rotation, derived secrets."""

import base64

import pytest

from infrastructure.sealing import master_key
from infrastructure.sealing.blind_index import EmailIndex

OLD = base64.urlsafe_b64encode(b"o" * 32).decode()
NEW = base64.urlsafe_b64encode(b"\xfb" * 32).decode().rstrip("=")
SUBJECT = b"sub_one"


def test_a_key_wrapped_before_a_rotation_unwraps_after_it() -> None:
    wrapped = master_key.parse(OLD).wrap(SUBJECT, b"k" * 32)
    assert master_key.parse(f"{NEW}, {OLD}").unwrap(SUBJECT, wrapped) == b"k" * 32


def test_a_rotation_wraps_with_the_new_key_only() -> None:
    wrapped = master_key.parse(f"{NEW},{OLD}").wrap(SUBJECT, b"k" * 32)
    assert master_key.parse(NEW).unwrap(SUBJECT, wrapped) == b"k" * 32
    with pytest.raises(master_key.KeyUnwrapFailed):
        master_key.parse(OLD).unwrap(SUBJECT, wrapped)


def test_a_wrapped_key_is_bound_to_its_subject() -> None:
    keys = master_key.parse(OLD)
    with pytest.raises(master_key.KeyUnwrapFailed):
        keys.unwrap(b"sub_two", keys.wrap(SUBJECT, b"k" * 32))


@pytest.mark.parametrize("position", [0, 5, 20, 63])
def test_any_altered_byte_of_a_wrapped_key_is_noticed(position: int) -> None:
    keys = master_key.parse(OLD)
    wrapped = bytearray(keys.wrap(SUBJECT, b"k" * 32))
    wrapped[position] ^= 1
    with pytest.raises(master_key.KeyUnwrapFailed):
        keys.unwrap(SUBJECT, bytes(wrapped))


@pytest.mark.parametrize("cut", [0, 4, 16, 20])
def test_a_cut_wrapped_key_is_noticed(cut: int) -> None:
    keys = master_key.parse(OLD)
    with pytest.raises(master_key.KeyUnwrapFailed):
        keys.unwrap(SUBJECT, keys.wrap(SUBJECT, b"k" * 32)[:cut])


@pytest.mark.parametrize("setting", ["", "c2hvcnQ", "!" * 43, OLD[:-4], f"{OLD},", "é" * 43])
def test_a_malformed_setting_is_refused_without_showing_it(setting: str) -> None:
    with pytest.raises(master_key.MasterKeyMalformed) as refusal:
        master_key.parse(setting)
    assert not setting.strip(",") or setting.strip(",") not in str(refusal.value)


def test_too_many_keys_are_refused() -> None:
    with pytest.raises(master_key.MasterKeyMalformed):
        master_key.parse(",".join([OLD] * 9))


def test_a_generated_setting_parses_and_differs_each_time() -> None:
    first, second = master_key.generated(), master_key.generated()
    assert first != second
    assert "1 keys" in repr(master_key.parse(first))
    assert first not in repr(master_key.parse(first))


def test_derived_secrets_differ_by_purpose_and_survive_a_new_first_key() -> None:
    before, after = master_key.parse(OLD), master_key.parse(f"{NEW},{OLD}")
    assert before.derive("one") == after.derive("one") != before.derive("two")


def test_an_address_is_found_whatever_its_case_and_unicode_form() -> None:
    index = EmailIndex(master_key.parse(OLD))
    assert index.of(" Jose\u0301@Example.COM ") == index.of("jos\u00e9@example.com")
    assert index.of("a@example.com") != index.of("b@example.com")
    assert len(index.of("a@example.com")) == 32


def test_the_index_depends_on_the_key() -> None:
    address = "a@example.com"
    assert EmailIndex(master_key.parse(OLD)).of(address) != EmailIndex(master_key.parse(NEW)).of(
        address
    )
