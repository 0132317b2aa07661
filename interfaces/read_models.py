"""Read models as HTTP and timers ask for them: rows become the types of their ports."""

import datetime as dt

# An attempt that has no outcome after this time is asked for again by the completer.
ATTEMPT_PATIENCE = dt.timedelta(seconds=20)
