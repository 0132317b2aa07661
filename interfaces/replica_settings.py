"""The settings of the replica: where reads that may lag go, and how far it may lag."""

from collections.abc import Mapping
from typing import Annotated

import msgspec

from interfaces.mail_settings import MailSettings

DatabaseUrl = Annotated[str, msgspec.Meta(pattern=r"^(postgres(ql)?://|\w+=)")]
# Shorter than what is remembered of a route's changes (`infrastructure/redis/search_cache.py`) and
# of users' writes (`infrastructure/redis/last_writes.py`).
LAG_LIMIT_SECONDS = 120


class ReplicaSettings(MailSettings, frozen=True, kw_only=True):
    """Without a replica, everything is read from the primary."""

    replica_database_url: DatabaseUrl | None = None
    replica_max_lag_seconds: Annotated[int, msgspec.Meta(ge=1, le=LAG_LIMIT_SECONDS)] = 10


# What each setting means, and the form of its text.
REPLICA_ABOUT: Mapping[str, tuple[str, str]] = {
    "replica_database_url": (
        "a standby of AIS_DATABASE_URL, as a member of ais_reader: searches, lists and reports are "
        "read there while it is well; without it from AIS_DATABASE_URL",
        "a URL such as postgresql://host/name",
    ),
    "replica_max_lag_seconds": (
        "a standby that lags more is left out until it lags half as much",
        "",
    ),
}
