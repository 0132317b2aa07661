"""The keys of access tokens through a rotation: next, current, retired; each step a new setting.

The first key of `AIS_TOKEN_KEY` signs and all verify. A process that is started later than another
must know a key before that one signs with it, so a key is added first, signs later, and is dropped
when the last token that it signed has expired.
"""

from typing import Any

import msgspec
from joserfc.jwk import ECKey, KeySet

from infrastructure.identity.tokens import parse_keys


class RotationRefused(ValueError):
    """The step is not the next one of a rotation."""


def added(setting: str) -> str:
    """Return the setting with a fresh key that verifies and does not sign yet.

    Raises RotationRefused where there is one already, TokenKeyMalformed.
    """
    keys = parse_keys(setting).keys
    if len(keys) > 1:
        raise RotationRefused("there are two keys already: switch, or drop the retired one")
    fresh = ECKey.generate_key("P-256")
    fresh.ensure_kid()
    return _written([*keys, fresh])


def switched(setting: str) -> str:
    """Return the setting in which the other key signs; repeated, it takes the switch back.

    Raises RotationRefused where there is no other one, TokenKeyMalformed.
    """
    current, *others = parse_keys(setting).keys
    if not others:
        raise RotationRefused("there is one key only: add another one first")
    return _written([*others, current])


def dropped(setting: str) -> str:
    """Return the setting without the key that does not sign.

    Raises RotationRefused where there is none, TokenKeyMalformed.
    """
    current, *others = parse_keys(setting).keys
    if not others:
        raise RotationRefused("there is one key only")
    return _written([current])


def kids(setting: str) -> tuple[str, ...]:
    """Return the ids of the keys, the one that signs first; raises TokenKeyMalformed."""
    return tuple(str(key.kid) for key in parse_keys(setting).keys)


def _written(keys: list[Any]) -> str:
    return msgspec.json.encode(KeySet(keys).as_dict(private=True)).decode()
