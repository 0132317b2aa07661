"""Names that all processes on one database share: advisory locks, channels, checkpoints.

Each is named here and nowhere else, except in SQL migrations, where a test compares them.
"""

import enum


class Lock(enum.IntEnum):
    """Numbers of Postgres advisory locks; the locks of a projection take its name as second key."""

    MIGRATION = 7300
    LOG_APPEND = 7301
    SCHEDULER_LEADER = 7302
    LOGIN_CREATION = 7303
    PROJECTION_LEADER = 7304
    PROJECTION_REBUILD = 7305


class Channel(enum.StrEnum):
    """Channels of NOTIFY: the payloads are a log position, a Stripe event id and a session id;
    nothing for a mode; a request to the scheduler that leads to begin a timer now, and its answer.
    """

    LOG = "ais_log"
    INBOX = "ais_inbox"
    SESSION = "ais_session"
    MODE = "ais_mode"
    TIMER = "ais_timer"
    TIMER_ANSWER = "ais_answer_of_timers"


class LogFollower(enum.StrEnum):
    """Those whose checkpoint in process.checkpoint is a position of the log."""

    PROCESSES = "processes"
    SEARCH_INDEX = "index_bookings"
