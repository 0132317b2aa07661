"""All checks of `ais doctor`, in the order in which an operator needs them."""

import asyncio

from interfaces.doctor import (
    database_checks,
    outside_checks,
    partition_checks,
    replica_checks,
    retention_checks,
    settings_checks,
    work_checks,
)
from interfaces.doctor.finding import Finding
from interfaces.settings import Settings


async def diagnose(settings: Settings) -> list[Finding]:
    """Return a finding for everything that was looked at; nothing is changed by it."""
    found = list(settings_checks.settings_findings(settings))
    database = await asyncio.to_thread(_database, settings)
    found += database
    has_schema = all(each.level != "failed" for each in database if each.check in NEEDED)
    if has_schema:
        found += await work_checks.work_findings(settings.database_url)
        found += await retention_checks.retention_findings(settings.database_url)
        found.append(
            await asyncio.to_thread(partition_checks.partition_finding, settings.database_url)
        )
        found.append(await asyncio.to_thread(replica_checks.replica_finding, settings))
    found.append(await asyncio.to_thread(outside_checks.redis_finding, settings.redis_url))
    found.append(await outside_checks.stripe_finding(settings))
    found.append(outside_checks.mail_finding(settings.data_dir))
    found.append(outside_checks.disk_finding(settings.data_dir))
    return found


# Without these nothing can be read that the other checks of the database ask for.
NEEDED = ("database", "migrations")


def _database(settings: Settings) -> list[Finding]:
    return list(
        database_checks.database_findings(settings.database_url, settings.projector_database_url)
    )
