"""A clock that goes as the real one does, from where a test has put it."""

import datetime as dt


class MovedClock:
    """The real time and what the test added."""

    def __init__(self) -> None:
        self.ahead = dt.timedelta()

    def __call__(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + self.ahead
