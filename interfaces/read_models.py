"""The read models as HTTP and timers ask for them: rows of projections become their ports' types."""

import datetime as dt
from collections.abc import Sequence

import psycopg
from psycopg_pool import PoolTimeout

from application import ports
from infrastructure.postgres.pool import Pool
from interfaces.http.ports import FlightOffer, ListedBooking

# An attempt that has no outcome after this time is asked for again by the completer.
ATTEMPT_PATIENCE = dt.timedelta(seconds=20)
