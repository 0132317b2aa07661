"""`ais keys`: the steps of replacing the key of access tokens, without a signed-out user."""

import os
import sys
from collections.abc import Callable

from cyclopts import App

from infrastructure.identity import token_keys
from infrastructure.identity.tokens import TokenKeyMalformed
from interfaces.cli import running

keys = App(name="keys", help="Replace the key of access tokens, step by step.")
SETTING = "AIS_TOKEN_KEY"


@keys.command(name="add")
def add() -> int:
    """Print AIS_TOKEN_KEY with a fresh key that verifies and does not sign yet.

    Start every web process again with it, then wait for 5 minutes: so long others may keep our
    public keys. Exit codes: 0 done, 1 not the next step, 2 no such setting.
    """
    return _printed(token_keys.added)


@keys.command(name="switch")
def switch() -> int:
    """Print AIS_TOKEN_KEY with the other key signing; once more takes that back.

    Start every web process again with it, then wait for 16 minutes: so long tokens of the retired
    key live. Exit codes: 0 done, 1 not the next step, 2 no such setting.
    """
    return _printed(token_keys.switched)


@keys.command(name="drop")
def drop() -> int:
    """Print AIS_TOKEN_KEY without the retired key, and start every web process again with it.

    Its tokens are refused from then on. Exit codes: 0 done, 1 not the next step, 2 no such setting.
    """
    return _printed(token_keys.dropped)


@keys.command(name="list")
def listed() -> int:
    """Print the ids of the keys of AIS_TOKEN_KEY, the one that signs first.

    Exit codes: 0 done, 2 no such setting.
    """
    return _printed(lambda setting: "\n".join(token_keys.kids(setting)))


def _printed(step: Callable[[str], str]) -> int:
    """Print what the step makes of the setting; the keys are secret."""
    try:
        print(step(os.environ.get(SETTING, "")))
    except token_keys.RotationRefused as refused:
        print(f"ais keys: {refused}", file=sys.stderr)
        return 1
    except TokenKeyMalformed as malformed:
        print(f"ais keys: {SETTING}: {malformed}", file=sys.stderr)
        return running.USAGE_EXIT
    return 0
