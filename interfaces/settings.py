"""The settings: `AIS_*` environment variables in one typed struct.

An unknown or invalid setting stops the start with its name and the expected form; the value of a
secret appears in no error and in no repr.
"""

import difflib
import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec

from interfaces.app_addresses import WAY_BACK_ABOUT, AppAddress, ReturnAddress
from interfaces.database_address import REQUIRED, lacks_primary, names_several
from interfaces.limit_settings import LIMIT_ABOUT, Count
from interfaces.mail_settings import MAIL_ABOUT, SmtpAddress
from interfaces.operations_settings import OPERATIONS_ABOUT, OperationsSettings
from interfaces.replica_settings import REPLICA_ABOUT, DatabaseUrl, ReplicaSettings
from interfaces.seller_settings import SELLER_ABOUT, RateOfTax
from interfaces.setting_types import Network, Origin, Port, Secret, Url
from interfaces.text_settings import TEXT_ABOUT, GatewayUrl

PREFIX = "AIS_"

Loaded = TypeVar("Loaded", bound=OperationsSettings)
RedisUrl = Annotated[str, msgspec.Meta(pattern=r"^(redis|rediss|unix)://")]
PaymentMethod = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_]{1,40}$(?!\n)")]
# Requests a second to Stripe, a tenth below what it documents: 100 for a live account, 25 for a
# sandbox, 25 for an endpoint. https://docs.stripe.com/rate-limits
STRIPE_LIMIT_LIVE = 90
STRIPE_LIMIT_SANDBOX = 22
STRIPE_LIMIT_ENDPOINT = 22
# One web and one worker process call Stripe, and each takes a half.
STRIPE_SHARE_PERCENT = 50


class SettingRefused(Exception):
    """A setting is missing, unknown or invalid; the text names it and the expected form."""


class Settings(ReplicaSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The configuration of every process. `stripe_limit_*` count our own requests to Stripe per
    second."""

    database_url: DatabaseUrl
    master_key: Secret
    token_key: Secret
    stripe_api_key: Secret
    stripe_webhook_secrets: Annotated[tuple[Secret, ...], msgspec.Meta(min_length=1)]
    public_url: Url
    redis_url: RedisUrl | None = None
    pooled_database_url: DatabaseUrl | None = None
    admin_database_url: DatabaseUrl | None = None
    projector_database_url: DatabaseUrl | None = None
    stripe_base_url: Url | None = None
    stripe_limit_account: Count | None = None
    stripe_limit_endpoint: Count = STRIPE_LIMIT_ENDPOINT
    stripe_share_percent: Annotated[int, msgspec.Meta(ge=1, le=100)] = STRIPE_SHARE_PERCENT
    stripe_delayed_methods: tuple[PaymentMethod, ...] = ()
    airline_code: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{3}$(?!\n)")] = "000"
    airline_name: Annotated[str, msgspec.Meta(min_length=1, max_length=80)] = "Rimal Air"
    carriers: Path | None = None
    carrier: Annotated[str, msgspec.Meta(pattern=r"^(?![0-9]{2})[A-Z0-9]{2}$(?!\n)")] = "ZZ"
    mfa_required: bool = True
    partner_loopback: bool = False
    cheap_passwords: bool = False
    goodwill_days: Annotated[int, msgspec.Meta(ge=1, le=90)] = 30
    trusted_proxies: tuple[Network, ...] = ()
    cors_origins: tuple[Origin, ...] = ()
    return_to: tuple[ReturnAddress, ...] = ()
    app_url: AppAddress | None = None
    follow_ups: Literal["at_once", "from_the_log"] = "at_once"
    host: Annotated[str, msgspec.Meta(min_length=1)] = "127.0.0.1"
    port: Port = 8000

    @property
    def stripe_is_live(self) -> bool:
        """Return whether the key is of a live account; a restricted one may be, too."""
        return "_live_" in self.stripe_api_key.reveal()[:12]

    @property
    def stripe_account_share(self) -> int:
        """Return how many requests a second this process may send to the Stripe account."""
        known = STRIPE_LIMIT_LIVE if self.stripe_is_live else STRIPE_LIMIT_SANDBOX
        return self._stripe_share(self.stripe_limit_account or known)

    @property
    def stripe_endpoint_share(self) -> int:
        """Return how many requests a second this process may send to an endpoint of Stripe."""
        return self._stripe_share(self.stripe_limit_endpoint)

    def _stripe_share(self, limit: int) -> int:
        """Return the process's part, rounded down; with less than one it could never send."""
        return max(1, limit * self.stripe_share_percent // 100)

    def __repr__(self) -> str:
        """Return names and values, without settings that contain or may contain a secret."""
        shown = [
            f"{name}=…" if ABOUT[name].is_secret else f"{name}={getattr(self, name)!r}"
            for name in self.__struct_fields__
        ]
        return f"Settings({', '.join(shown)})"


_LISTS = (
    *("cors_origins", "stripe_delayed_methods", "stripe_webhook_secrets"),
    *("return_to", "tax_rates", "trusted_proxies"),
)
# Read by the launcher of the embedded servers and by the commands about backups: the processes,
# which do not need the key of the backups, never hold it.
_FOREIGN = frozenset({"pg_bin", "backup_key"})
# Settings of earlier releases that the airline publishes now.
POLICIES = {"check_in_opens_hours": "gate_times", "check_in_closes_minutes": "gate_times"}
_ABOUT_FIELD = re.compile(r"(missing required|unknown) field `(\w+)`")
_AT_FIELD = re.compile(r"^(.*) - at `\$\.(\w+)")

DATABASE_FORM = (
    "a URL such as postgresql://host/name; with a standby "
    "postgresql://host-a,host-b/name?target_session_attrs=read-write"
)
SERVING = ("serve", "web", "worker", "scheduler")
WEB = ("serve", "web")
CALLING_STRIPE = ("serve", "web", "worker")


class About(msgspec.Struct, frozen=True):
    """What a setting means and which processes use it.

    `expected` describes the form of its text, where that is not obvious; `is_secret` is also true
    of an address that may contain a password.
    """

    meaning: str
    used_by: tuple[str, ...]
    expected: str = ""
    is_secret: bool = False


ABOUT: Mapping[str, About] = {
    "database_url": About(
        "PostgreSQL, as the login of the application",
        (*SERVING, "projector", "rebuild", "check", "migrate"),
        DATABASE_FORM,
        is_secret=True,
    ),
    "pooled_database_url": About(
        "PostgreSQL through PgBouncer in transaction mode, for reads and small tables; what needs "
        "a session of its own uses AIS_DATABASE_URL",
        SERVING,
        "a URL such as postgresql://pgbouncer:6432/name",
        is_secret=True,
    ),
    "redis_url": About(
        "Redis or Valkey: rate limits that processes share, cached searches, the queue of separate "
        "workers; only `serve` and `projector` do without",
        (*SERVING, "projector"),
        "a URL such as redis://host:6379/0 or unix:///socket",
        is_secret=True,
    ),
    "master_key": About(
        "keys that wrap the keys of personal data; the first is used for new ones",
        SERVING,
        "32 bytes in base64url, several separated by commas",
        is_secret=True,
    ),
    "token_key": About(
        "key that signs access tokens (ES256)",
        WEB,
        "a private P-256 key as PEM or JWK, or a JWK set whose first key signs",
        is_secret=True,
    ),
    "stripe_api_key": About(
        "key of the Stripe account",
        SERVING,
        "a secret or restricted key of Stripe",
        is_secret=True,
    ),
    "stripe_webhook_secrets": About(
        "secrets that verify webhooks; two while one is being replaced",
        WEB,
        "signing secrets separated by commas",
        is_secret=True,
    ),
    "public_url": About(
        "address under which travellers reach the airline; also the issuer of access tokens",
        SERVING,
        "a URL such as https://host",
    ),
    "admin_database_url": About(
        "PostgreSQL, as the owner of the schema; without it AIS_DATABASE_URL",
        ("migrate", "user", "backup", "restore"),
        DATABASE_FORM,
        is_secret=True,
    ),
    "projector_database_url": About(
        "PostgreSQL, as a member of ais_projector; without it AIS_DATABASE_URL",
        ("serve", "projector", "rebuild", "check"),
        DATABASE_FORM,
        is_secret=True,
    ),
    "stripe_base_url": About(
        "another address for Stripe's API, such as the simulator's",
        SERVING,
        "a URL such as https://host",
    ),
    "stripe_limit_account": About(
        f"requests per second to the Stripe account; without it {STRIPE_LIMIT_LIVE} with a live "
        f"key and {STRIPE_LIMIT_SANDBOX} with another",
        CALLING_STRIPE,
    ),
    "stripe_limit_endpoint": About(
        "requests per second to one endpoint of Stripe, all ids together", CALLING_STRIPE
    ),
    "stripe_share_percent": About(
        "this process's part of both limits; the parts of all web and worker processes of an "
        "account are at most 100 together",
        CALLING_STRIPE,
    ),
    "stripe_delayed_methods": About(
        "Stripe's payment methods offered beside cards although their banks answer days later; the "
        "seats stay held meanwhile",
        CALLING_STRIPE,
        "names of payment methods, joined by commas, such as us_bank_account",
    ),
    "airline_code": About("code (IATA) that begins every ticket number", SERVING, "three digits"),
    "airline_name": About("name of the airline in letters and at the checkout", SERVING),
    "carriers": About(
        "file of several carriers: for each a table with its settings; `web` serves all of them, "
        "and every other command the one that AIS_CARRIER names",
        ("web",),
        "the path of a TOML file",
    ),
    "carrier": About(
        "designator (IATA) of the airline: the one of AIS_CARRIERS that a process is for, and the "
        "label `carrier` of its metrics; it also begins the flight numbers of the demo",
        (*SERVING, "demo"),
        "two letters or digits, not two digits",
    ),
    **{name: About(meaning, SERVING, form) for name, (meaning, form) in SELLER_ABOUT.items()},
    **{name: About(meaning, WEB) for name, meaning in LIMIT_ABOUT.items()},
    **{
        name: About(meaning, (*SERVING, "projector"), form, is_secret=name == "sentry_dsn")
        for name, (meaning, form) in OPERATIONS_ABOUT.items()
    },
    **{
        name: About(meaning, ("serve", "worker"), form, is_secret=name == "smtp_url")
        for name, (meaning, form) in MAIL_ABOUT.items()
    },
    **{
        name: About(meaning, ("serve", "worker"), form, is_secret=name != "sms_sender")
        for name, (meaning, form) in TEXT_ABOUT.items()
    },
    **{
        name: About(meaning, WEB, form, is_secret=name == "replica_database_url")
        for name, (meaning, form) in REPLICA_ABOUT.items()
    },
    "mfa_required": About(
        "finance, auditor and admin must have a second factor", WEB, "true or false"
    ),
    "partner_loopback": About(
        "deliver to partners on this machine, too: for demos", SERVING, "true or false"
    ),
    "cheap_passwords": About(
        "hash passwords at next to no cost, which protects none: for tests that sign in thousands "
        "of times; refused unless AIS_PUBLIC_URL is an address of this machine",
        WEB,
        "true or false",
    ),
    "goodwill_days": About(
        "days over which the goodwill credit that support may give to a customer is counted", WEB
    ),
    "trusted_proxies": About(
        "networks, separated by commas, of proxies whose `X-Forwarded-For` is believed", WEB
    ),
    "cors_origins": About("origins, with commas, whose scripts may call with credentials", WEB),
    **{name: About(meaning, WEB, form) for name, (meaning, form) in WAY_BACK_ABOUT.items()},
    "follow_ups": About(
        "whether what follows from an event is decided in its own append, or only by the run over "
        "the log, should the first ever be at fault",
        SERVING,
    ),
    "host": About("address to listen on", WEB),
    "port": About("port to listen on; 0 takes a free one", WEB),
}


def load(environment: Mapping[str, str]) -> Settings:
    """Read the settings of this environment; empty ones count as missing. Raises SettingRefused."""
    found = _converted(environment, Settings)
    if found.cheap_passwords and not _is_of_this_machine(found.public_url):
        raise SettingRefused("AIS_CHEAP_PASSWORDS: only where AIS_PUBLIC_URL is http://127.0.0.1")
    if found.smtp_url is not None and found.mail_from is None:
        raise SettingRefused(_explained("missing required field `mail_from`"))
    if names_several(found.replica_database_url or ""):
        raise SettingRefused(
            "AIS_REPLICA_DATABASE_URL: one host, because it is watched and left out as one server"
        )
    for name in ("database_url", "admin_database_url", "projector_database_url"):
        if lacks_primary(getattr(found, name) or ""):
            raise SettingRefused(
                f"{PREFIX}{name.upper()}: an address with several hosts needs {REQUIRED}, "
                "or it may lead to a standby"
            )
    if found.sms_url is not None:
        for name in ("sms_token", "sms_sender"):
            if getattr(found, name) is None:
                raise SettingRefused(_explained(f"missing required field `{name}`"))
    return found


def load_operations(environment: Mapping[str, str]) -> OperationsSettings:
    """Read only what a process reports: for one that needs no other setting. Raises as `load`."""
    names = {f"{PREFIX}{name.upper()}" for name in OperationsSettings.__struct_fields__}
    chosen = {name: text for name, text in environment.items() if name in names}
    return _converted(chosen, OperationsSettings)


def _converted(environment: Mapping[str, str], wanted: type[Loaded]) -> Loaded:
    given: dict[str, object] = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and value
    }
    for name in _FOREIGN:
        given.pop(name, None)
    for name in _LISTS:
        if name in given:
            given[name] = [each.strip() for each in str(given[name]).split(",") if each.strip()]
    try:
        return msgspec.convert(given, wanted, strict=False, dec_hook=_read)
    except msgspec.ValidationError as error:
        raise SettingRefused(_explained(str(error))) from None


def _is_of_this_machine(url: str) -> bool:
    """Return whether the host is an address that no other machine reaches."""
    try:
        return ipaddress.ip_address(urlsplit(url).hostname or "").is_loopback
    except ValueError:
        return False


def redis_url_of(found: Settings) -> str:
    """Return the address that separate processes need; raises SettingRefused when it is missing."""
    if found.redis_url is None:
        raise SettingRefused(_explained("missing required field `redis_url`"))
    return found.redis_url


_FORMS: Mapping[type, str] = {
    Network: "networks such as 10.0.0.0/8",
    Origin: "origins such as https://book.airline.example",
    SmtpAddress: "a URL such as smtps://user:password@host:465",
    GatewayUrl: "a URL such as https://sms.example/messages",
    RateOfTax: "rates such as `KWD 12.21 2026-01-01 SAMA`",
}


def _read(wanted: type, value: object) -> object:
    if wanted not in _FORMS:
        assert wanted in (Secret, Path)
        return wanted(str(value))
    try:
        return wanted(str(value))
    except ValueError:
        verb = "is" if wanted in (SmtpAddress, GatewayUrl) else "are"
        raise ValueError(f"{_FORMS[wanted]} {verb} expected") from None


def _explained(message: str) -> str:
    """Return msgspec's message in terms of the environment; it never contains a text's value."""
    about = _ABOUT_FIELD.search(message)
    if about is not None:
        kind, name = about[1], about[2]
        if kind == "missing required":
            return f"{PREFIX}{name.upper()} is missing: {ABOUT[name].expected} is expected"
        if name in POLICIES:
            return f"{PREFIX}{name.upper()} is the policy {POLICIES[name]} now: `ais policies show`"
        near = difflib.get_close_matches(name, Settings.__struct_fields__, n=1)
        hint = f"; {PREFIX}{near[0].upper()} is near" if near else ""
        return f"{PREFIX}{name.upper()} is unknown{hint}"
    at = _AT_FIELD.match(message)
    assert at is not None, "msgspec names the field"
    reason = at[1].replace("`", "")
    if expected := ABOUT[at[2]].expected:
        reason = f"{expected} is expected"
    return f"{PREFIX}{at[2].upper()}: {reason}"
