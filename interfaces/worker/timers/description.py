"""What people read about a timer: what it does, how often it looks, from which hour."""

import inspect
import sys

from interfaces.worker.timers.timer import Timer

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def summary(timer: Timer) -> str:
    """Return the first paragraph of its module's docstring in one line, without the full stop."""
    text = sys.modules[timer.due.__module__].__doc__ or ""
    return " ".join(inspect.cleandoc(text).split("\n\n")[0].split()).removesuffix(".")


def every(seconds: float) -> str:
    """Return a period in the largest unit that divides it: `every 5 minutes`."""
    size, unit = next(each for each in _UNITS if seconds % each[0] == 0)
    count = int(seconds // size)
    return f"every {unit}" if count == 1 else f"every {count} {unit}s"


def due_from(timer: Timer) -> str:
    """Return the hour in Riyadh from which it finds something due on a day; empty for any hour."""
    hour = getattr(sys.modules[timer.due.__module__], "DUE_FROM_HOUR", None)
    return "" if hour is None else f"{hour:02}:00"
