"""A signed export: any change shows, and its signature is worth nothing as an access token."""

import msgspec
import pytest

from application.identity.ports import Principal, TokenRefused
from infrastructure.identity import tokens
from infrastructure.identity.export_signature import ExportSignature, SignatureRefused, verify
from tests.support.http_client import SESSION, Edge

CONTENT = b'{"count":1}\n{"action":"booking.cancelled"}\n'
SETTING = tokens.generated()
KEYS = tokens.parse_keys(SETTING)


def public(setting: str) -> dict[str, object]:
    keys = tokens.parse_keys(setting)
    return {"keys": [each.as_dict(private=False) for each in keys]}


@pytest.mark.parametrize("times", [1, 100_000], ids=["small", "months"])
def test_the_content_that_was_signed_is_good(times: int) -> None:
    content = CONTENT * times
    signature = ExportSignature(KEYS).sign(content)
    verify(content, signature, public(SETTING))
    with pytest.raises(SignatureRefused):
        verify(content + b" ", signature, public(SETTING))


def test_any_changed_byte_shows() -> None:
    signature = ExportSignature(KEYS).sign(CONTENT)
    changed = [
        CONTENT[:place] + bytes([CONTENT[place] ^ 1]) + CONTENT[place + 1 :]
        for place in range(len(CONTENT))
    ]
    for content in (*changed, CONTENT[:-1], CONTENT + b"\n", CONTENT.splitlines()[0], b""):
        with pytest.raises(SignatureRefused):
            verify(content, signature, public(SETTING))


@pytest.mark.parametrize("damage", ["head", "proof", "none", "whole", "text", "empty"])
def test_a_damaged_signature_is_refused(damage: str) -> None:
    head, _, proof = ExportSignature(KEYS).sign(CONTENT).split(".")
    changed = {
        "head": f"x{head}..{proof}",
        "proof": f"{head}..{proof[1:]}{proof[0]}",
        "none": f"{head}..",
        "whole": f"{head}.eyJ9.{proof}",
        "text": "good",
        "empty": "",
    }[damage]
    with pytest.raises(SignatureRefused):
        verify(CONTENT, changed, public(SETTING))


def test_another_key_is_refused() -> None:
    with pytest.raises(SignatureRefused, match="none of these keys"):
        verify(CONTENT, ExportSignature(KEYS).sign(CONTENT), public(tokens.generated()))


def test_neither_a_token_nor_another_algorithm_passes_for_a_signature() -> None:
    edge = Edge()
    token = edge.tokens.issue(Principal("usr_one", "auditor", SESSION)).access_token
    head, payload, proof = token.split(".")
    keys = msgspec.to_builtins(edge.tokens.public_keys())
    with pytest.raises(SignatureRefused, match="not a signature of an export"):
        verify(CONTENT, f"{head}..{proof}", keys)
    signed = ExportSignature(KEYS).sign(b"{}")
    with pytest.raises(TokenRefused):
        edge.tokens.verify(signed.replace("..", f".{payload}.").encode())
