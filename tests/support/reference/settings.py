"""settings.md: every setting with its type, default, meaning and the processes that use it."""

import types
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from interfaces import settings
from interfaces.seller_settings import RateOfTax
from interfaces.setting_types import Network, Origin, Secret
from interfaces.settings import ABOUT, Settings
from tests.support.reference.markdown import code, listed, page, table

WORDS: dict[Any, str] = {
    str: "text",
    int: "integer",
    Path: "path",
    Secret: "text",
    Origin: "origin such as https://book.airline.example",
    Network: "network such as 10.0.0.0/8",
    RateOfTax: "rate such as `KWD 12.21 2026-01-01 SAMA`",
}
INTRO = """\
# Settings

Generated from `interfaces/settings.py` by `python -m tests.support.reference.pages`; a test
fails when they differ.

Each process is configured by environment variables. A missing, unknown or wrong one stops the start
with its name and what was expected; an empty one counts as not given. `ops/ais demo` sets
what is required by itself and takes over all others from its environment; it refuses the addresses
of servers, because it runs its own. A **secret** appears in no log, error or printed form of the
settings; addresses of servers count as secret because they may carry a password.

`serve`, `web`, `worker` and `scheduler` read all settings at their start, so that a wrong one is
found at once; the column *used by* says which process makes use of it. `projector`, `rebuild`,
`check` and `migrate` read only the address of the database. `AIS_REDIS_URL` is optional for `serve`
and required by `web`, `worker` and `scheduler`.
"""
OUTRO = """\
## Read before the processes start

`AIS_PG_BIN` names a folder with the programs `postgres` and `initdb` for the embedded server of the
demo and the tests; without it the programs of the installed package are used.

`AIS_BACKUP_KEY` (secret) has the keys that encrypt backups: 32 bytes in base64url, several
separated by commas, the newest first. Only `ais backup`, `restore` and `verify-backup` read it;
they find the programs of PostgreSQL in `AIS_PG_BIN`, too. `ais backup key` makes one.

`AIS_SECRETS_DIR` names a folder whose files are settings too, each in a file of its name such as
`AIS_MASTER_KEY`: the secrets of containers, the credentials of systemd. One that is also a variable
stops the start.
"""


def text() -> str:
    """The page."""
    required = [each for each in msgspec.structs.fields(Settings) if each.required]
    optional = [each for each in msgspec.structs.fields(Settings) if not each.required]
    return page(
        INTRO,
        ["## Required", ""],
        table(("name", "type", "secret", "used by", "meaning"), map(_required, required)),
        ["## Optional", ""],
        table(
            ("name", "type", "default", "secret", "used by", "meaning"), map(_optional, optional)
        ),
        OUTRO,
    )


def _required(field: msgspec.structs.FieldInfo) -> tuple[str, ...]:
    about = ABOUT[field.name]
    secret = "yes" if about.is_secret else ""
    return (_name(field), _type(field.name), secret, ", ".join(about.used_by), about.meaning)


def _optional(field: msgspec.structs.FieldInfo) -> tuple[str, ...]:
    name, kind, *others = _required(field)
    return (name, kind, _default(field.default), *others)


def _name(field: msgspec.structs.FieldInfo) -> str:
    return code(f"{settings.PREFIX}{field.name.upper()}")


def _default(value: object) -> str:
    return "" if value in (None, ()) else code(str(value))


def _type(name: str) -> str:
    if expected := ABOUT[name].expected:
        return expected
    return _words(get_type_hints(Settings, include_extras=True)[name])


def _words(kind: Any) -> str:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _words(arguments[0]) + _limits(arguments[1:])
    if origin in {Union, types.UnionType}:
        return _words(next(each for each in arguments if each is not type(None)))
    if origin is Literal:
        return listed(arguments)
    if origin is tuple:
        return f"{_words(arguments[0])}, several separated by commas"
    return WORDS[kind]


def _limits(metas: tuple[Any, ...]) -> str:
    for meta in metas:
        if meta.ge is not None and meta.le is not None:
            return f", {meta.ge} to {meta.le}"
        if meta.max_length is not None:
            return f" of {meta.min_length} to {meta.max_length} characters"
    return ""
