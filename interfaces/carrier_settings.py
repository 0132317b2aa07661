"""The settings of several carriers: a file with a table of `AIS_*` settings for each of them.

A process of one carrier (`AIS_CARRIER`) takes that carrier's table over its environment, so that
every command works on one carrier as if there were no other; `ais web` without `AIS_CARRIER` serves
all of them.
"""

import re
import tomllib
from collections.abc import Mapping, MutableMapping, Sequence
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec

from infrastructure.postgres.primary import places_of
from interfaces import settings
from interfaces.operations_settings import OperationsSettings
from interfaces.settings import PREFIX, SettingRefused, Settings

FILE = "AIS_CARRIERS"
CHOSEN = "AIS_CARRIER"
# IATA resolution 762: two letters or digits, of which one at least is a letter.
_is_designator = re.compile(r"(?![0-9]{2})[A-Z0-9]{2}").fullmatch
# What a process has once, however many carriers it serves; folders are of a carrier.
_OF_THE_PROCESS = frozenset(
    {FILE, CHOSEN, "AIS_HOST", "AIS_PORT"}
    | {
        f"{PREFIX}{name.upper()}"
        for name in OperationsSettings.__struct_fields__
        if name != "data_dir"
    }
)
# Two carriers with the same one would share a log, keys, tasks, money or letters.
OWN = (
    *("AIS_DATABASE_URL", "AIS_REDIS_URL", "AIS_MASTER_KEY", "AIS_TOKEN_KEY"),
    *("AIS_STRIPE_API_KEY", "AIS_STRIPE_WEBHOOK_SECRETS", "AIS_PUBLIC_URL"),
    *("AIS_AIRLINE_CODE", "AIS_DATA_DIR"),
)
# Other addresses of the same database: not every carrier needs one, but none has another's.
OWN_WHERE_SET = (
    *("AIS_ADMIN_DATABASE_URL", "AIS_PROJECTOR_DATABASE_URL"),
    *("AIS_POOLED_DATABASE_URL", "AIS_REPLICA_DATABASE_URL"),
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_REDIS_PORT = 6379
_LISTS = frozenset({"AIS_MASTER_KEY", "AIS_STRIPE_WEBHOOK_SECRETS"})
# The private part of each key in JWK (RFC 8037, 2).
_PRIVATE_PARTS = re.compile(r'"d"\s*:\s*"([^"]+)"')


def environments(environment: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the environment of each carrier by its designator, in the order of the file.

    Raises SettingRefused, with no value of a setting in its text.
    """
    tables = _tables(Path(environment[FILE]))
    shared = {name: value for name, value in environment.items() if name not in (FILE, CHOSEN)}
    found = {name: {**shared, **table, CHOSEN: name} for name, table in tables.items()}
    _require_own(found)
    return found


def enter(environment: MutableMapping[str, str]) -> bool:
    """Take the settings of the chosen carrier over this environment; return whether one is chosen.

    Raises SettingRefused.
    """
    known = environments(environment)
    chosen = environment.get(CHOSEN)
    if not chosen:
        return False
    if chosen not in known:
        raise SettingRefused(f"{CHOSEN}: one of {', '.join(known)} is expected")
    environment.update(known[chosen])
    # What this process starts is of the same carrier, and needs the file no more.
    del environment[FILE]
    return True


def load_all(environment: Mapping[str, str]) -> dict[str, Settings]:
    """Return the settings of each carrier by its designator. Raises SettingRefused."""
    found: dict[str, Settings] = {}
    for name, own in environments(environment).items():
        try:
            found[name] = settings.load(own)
        except SettingRefused as refused:
            raise SettingRefused(f"{FILE}, {name}: {refused}") from None
    return found


def authorities(public_url: str) -> tuple[str, ...]:
    """Return what `Host` contains in requests to this address: with and without a default port."""
    url = urlsplit(public_url.lower())
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else f"{url.hostname}"
    default = _DEFAULT_PORTS[url.scheme]
    if url.port not in (None, default):
        return (f"{host}:{url.port}",)
    return host, f"{host}:{default}"


def _tables(path: Path) -> dict[str, dict[str, str]]:
    try:
        with path.open("rb") as file:
            read = tomllib.load(file)
    except OSError as error:
        raise SettingRefused(f"{FILE}: {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        # The parser's own message may show a part of a secret.
        raise SettingRefused(f"{FILE}: {path} is not a file of TOML") from None
    try:
        tables = msgspec.convert(read, dict[str, dict[str, str | int | bool]])
    except msgspec.ValidationError:
        raise SettingRefused(f"{FILE}: a table of settings for each carrier is expected") from None
    if not tables:
        raise SettingRefused(f"{FILE}: {path} has no carrier")
    return {name: _settings_of(name, table) for name, table in tables.items()}


def _settings_of(carrier: str, table: Mapping[str, str | int | bool]) -> dict[str, str]:
    if not _is_designator(carrier):
        raise SettingRefused(f"{FILE}, {carrier}: two letters or digits, not two digits")
    for name in table:
        if not name.startswith(PREFIX):
            raise SettingRefused(f"{FILE}, {carrier}: {name} is not the name of a setting")
        if name in _OF_THE_PROCESS:
            raise SettingRefused(f"{FILE}, {carrier}: {name} is of the process, not of a carrier")
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in table.items()
    }


def _require_own(found: Mapping[str, Mapping[str, str]]) -> None:
    # Databases of all settings are compared with each other: one may name another carrier's.
    databases: dict[object, str] = {}
    for name in (*OWN, *OWN_WHERE_SET):
        owners: dict[object, str] = databases if name.endswith("_DATABASE_URL") else {}
        for carrier, environment in found.items():
            value = environment.get(name, "")
            if not value and name in OWN_WHERE_SET:
                continue
            for part in _parts(carrier, name, value):
                if owners.setdefault(part, carrier) != carrier:
                    raise SettingRefused(
                        f"{FILE}: {owners[part]} and {carrier} need a {name} of their own each"
                    )


def _parts(carrier: str, name: str, value: str) -> Sequence[object]:
    """Return what no other carrier may have: each member of a list, and an address in one form."""
    if name == "AIS_PUBLIC_URL" and value:
        return [_address(carrier, value)]
    if name.endswith("_DATABASE_URL"):
        return _databases(value)
    if name == "AIS_REDIS_URL":
        return [_redis(value)]
    if name in _LISTS:
        return [each.strip() for each in value.split(",")]
    if name == "AIS_TOKEN_KEY":
        return _PRIVATE_PARTS.findall(value) or [value]
    return [value]


def _databases(address: str) -> Sequence[object]:
    # What is no address is refused by its own form, or where it is connected to.
    return places_of(address) or [address]


def _redis(address: str) -> object:
    """Return host or path, port and number of the database."""
    try:
        url = urlsplit(address)
        number = parse_qs(url.query).get("db", [""])[0]
        if url.scheme == "unix":
            return url.path, "", number or "0"
        return url.hostname, url.port or _REDIS_PORT, number or url.path.strip("/") or "0"
    except ValueError:
        return address


def _address(carrier: str, public_url: str) -> tuple[str, ...]:
    try:
        return authorities(public_url)
    except (KeyError, ValueError):
        raise SettingRefused(f"{FILE}, {carrier}: AIS_PUBLIC_URL is no address") from None
