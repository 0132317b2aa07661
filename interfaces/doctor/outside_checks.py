"""What is outside the database: Redis, Stripe, the mailbox, the disk."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from application.payment.gateway import (
    GatewayFailure,
    GatewayMisconfigured,
    GatewayRejected,
    GatewayUnreadable,
)
from application.ports import Unavailable
from infrastructure.redis import condition
from infrastructure.stripe import pace
from infrastructure.stripe.gateway import StripePaymentGateway
from interfaces.composition import STRIPE_TIMEOUT_SECONDS
from interfaces.doctor.finding import Finding, failed, ok, warning
from interfaces.message_composition import MAILBOX_FOLDER
from interfaces.settings import Settings

DISK_WARNING_SHARE = 0.15
DISK_FAILED_SHARE = 0.05
MEMORY_SHARE = 0.9


def redis_finding(redis_url: str | None) -> Finding:
    """Return whether Redis answers and keeps the messages of the queue."""
    if redis_url is None:
        detail = "AIS_REDIS_URL is not set: ais serve needs none, separate roles do"
        return ok("redis", detail)
    try:
        found = condition.read_condition(redis_url)
    except Unavailable as error:
        advice = "start Redis, or correct AIS_REDIS_URL; ops/runbooks/redis-down.md"
        return failed("redis", str(error), advice)
    if found.evicts:
        detail = "maxmemory-policy may throw messages of the queue away"
        return warning("redis", detail, "set maxmemory-policy noeviction in Redis")
    if found.limit_bytes and found.used_bytes > MEMORY_SHARE * found.limit_bytes:
        detail = f"{found.used_bytes} of {found.limit_bytes} bytes are used"
        return warning("redis", detail, "raise maxmemory of Redis; ops/runbooks/queue-growing.md")
    return ok("redis", f"answers; version {found.version}")


async def stripe_finding(settings: Settings) -> Finding:
    """Ask Stripe for the balance, which our key must be allowed to read."""
    gateway = StripePaymentGateway(
        api_key=settings.stripe_api_key.reveal(),
        base_url=settings.stripe_base_url,
        timeout_seconds=STRIPE_TIMEOUT_SECONDS,
        limits=pace.Limits(
            account=settings.stripe_account_share, endpoint=settings.stripe_endpoint_share
        ),
    )
    advice = "ops/runbooks/stripe-down.md"
    try:
        balances = await gateway.settlement.balance()
    except (GatewayMisconfigured, GatewayRejected) as error:
        detail = f"refuses our key: {type(error).__name__}"
        return failed("stripe", detail, f"correct AIS_STRIPE_API_KEY; {advice}")
    except GatewayUnreadable:
        detail = "answers in a form that this release does not read"
        return failed("stripe", detail, "compare the API version of the account with the release")
    except GatewayFailure as error:
        return failed("stripe", f"does not answer: {type(error).__name__}", advice)
    finally:
        await gateway.close()
    account = "live" if settings.stripe_is_live else "test"
    currencies = ", ".join(sorted(each.currency for each in balances)) or "no currency"
    return ok("stripe", f"accepts our key of the {account} account; balance in {currencies}")


def mail_finding(folder: Path) -> Finding:
    """Return whether a letter can be written, and the fault if not."""
    mailbox = folder / MAILBOX_FOLDER
    existing = mailbox if mailbox.is_dir() else folder
    try:
        with tempfile.NamedTemporaryFile(dir=existing, prefix=".doctor-"):
            pass
    except OSError as error:
        detail = f"{existing} cannot be written: {os.strerror(error.errno or 0)}"
        advice = "create the folder AIS_DATA_DIR and give it to the account of the processes"
        return failed("mail", detail, advice)
    return ok("mail", f"letters can be written to {mailbox}")


def disk_finding(
    folder: Path, *, usage: Callable[[Path], tuple[int, int, int]] = shutil.disk_usage
) -> Finding:
    """Return how much of the disk of AIS_DATA_DIR is free."""
    try:
        total, _, free = usage(folder)
    except OSError as error:
        detail = f"{folder}: {os.strerror(error.errno or 0)}"
        return failed("disk", detail, "create the folder AIS_DATA_DIR")
    detail = f"{free / total:.0%} of the disk of {folder} is free"
    advice = "ops/runbooks/disk-full.md"
    if free < DISK_FAILED_SHARE * total:
        return failed("disk", detail, advice)
    if free < DISK_WARNING_SHARE * total:
        return warning("disk", detail, advice)
    return ok("disk", detail)
