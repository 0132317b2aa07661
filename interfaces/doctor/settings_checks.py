"""Settings that are each valid, and unsafe or useless together."""

import platform
from collections.abc import Iterator
from urllib.parse import urlsplit

from infrastructure.identity import tokens
from infrastructure.sealing import master_key
from interfaces.doctor.finding import Finding, failed, ok, warning
from interfaces.settings import Settings

PAGE = "docs/reference/settings.md"


def settings_findings(settings: Settings) -> Iterator[Finding]:
    """Yield what the settings show, without a connection."""
    yield _keys(settings)
    unsafe = list(_unsafe(settings))
    yield from unsafe
    if not unsafe:
        account = "live" if settings.stripe_is_live else "test"
        yield ok(
            "settings", f"valid; Stripe's {account} account; Python {platform.python_version()}"
        )


def _keys(settings: Settings) -> Finding:
    """Return whether both keys can be read; neither is shown."""
    try:
        master_key.parse(settings.master_key.reveal())
        tokens.parse_keys(settings.token_key.reveal())
    except (ValueError, master_key.MasterKeyMalformed, tokens.TokenKeyMalformed) as error:
        return failed(
            "keys",
            f"AIS_MASTER_KEY or AIS_TOKEN_KEY cannot be read: {type(error).__name__}",
            f"set both in the form of {PAGE}",
        )
    return ok("keys", "the master key and the key of access tokens can be read")


def _unsafe(settings: Settings) -> Iterator[Finding]:
    if settings.stripe_is_live and urlsplit(settings.public_url).scheme != "https":
        yield failed(
            "settings",
            "AIS_STRIPE_API_KEY is of a live account and AIS_PUBLIC_URL is not https",
            "set AIS_PUBLIC_URL to the https address of the reverse proxy",
        )
    if settings.stripe_is_live and settings.stripe_base_url is not None:
        yield failed(
            "settings",
            "AIS_STRIPE_API_KEY is of a live account and AIS_STRIPE_BASE_URL is not Stripe's",
            "unset AIS_STRIPE_BASE_URL: it is for the simulator",
        )
    if settings.stripe_is_live and settings.partner_loopback:
        yield failed(
            "settings",
            "AIS_PARTNER_LOOPBACK lets partners' webhooks reach this machine",
            "unset AIS_PARTNER_LOOPBACK: it is for demos",
        )
    if not settings.mfa_required:
        yield warning(
            "settings",
            "AIS_MFA_REQUIRED is false: staff sign in with a password alone",
            "unset AIS_MFA_REQUIRED",
        )
    if settings.follow_ups == "from_the_log":
        yield warning(
            "settings",
            "AIS_FOLLOW_UPS is from_the_log: bookings are confirmed later than they are paid",
            "unset AIS_FOLLOW_UPS once the fault that asked for it is mended",
        )
