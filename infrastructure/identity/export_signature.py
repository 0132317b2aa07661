"""Signatures of exports: ES256 by the keys of access tokens, without the content (RFC 7515, F).

The type of the header sets them apart from tokens: neither passes for the other.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

ALGORITHM = "ES256"
TYPE = "ais-audit+jws"


class SignatureRefused(Exception):
    """The signature is not of this content, or of none of these keys; the text says what."""


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    alg: Literal["ES256"]
    typ: Literal["ais-audit+jws"]
    kid: str


class ExportSignature:
    """`application.audit.actions.ExportSigner`; the first key signs."""

    def __init__(self, keys: KeySet) -> None:
        self._key = keys.keys[0]

    def sign(self, content: bytes) -> str:
        """Return `header..signature`."""
        header = {"alg": ALGORITHM, "typ": TYPE, "kid": self._key.kid}
        signed = jws.serialize_compact(header, content, self._key, algorithms=[ALGORITHM])
        head, _, signature = signed.split(".")
        return f"{head}..{signature}"


def verify(content: bytes, signature: str, public_keys: Mapping[str, Any]) -> None:
    """Raise SignatureRefused unless one of the keys (a JWK set) signed exactly this content."""
    head, _, rest = signature.partition(".")
    empty, _, proof = rest.partition(".")
    if empty or not proof:
        raise SignatureRefused("not a signature without its content")
    kid = _kid(head)
    payload = base64.urlsafe_b64encode(content).decode().rstrip("=")
    try:
        keys = KeySet.import_key_set({"keys": list(public_keys["keys"])})
        key = next((each for each in keys if each.kid == kid), None)
        if key is None:
            raise SignatureRefused("signed by none of these keys")
        registry = jws.JWSRegistry(algorithms=[ALGORITHM])
        # The library's bound is for tokens from strangers; an export has months of actions.
        registry.max_payload_length = len(payload)
        jws.deserialize_compact(f"{head}.{payload}.{proof}", key, registry=registry)
    except (JoseError, ValueError, TypeError, LookupError) as error:
        raise SignatureRefused("not of this content") from error


def _kid(head: str) -> str:
    try:
        header = base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))
        return msgspec.json.decode(header, type=_Header).kid
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise SignatureRefused("not a signature of an export") from error
