"""Payment attempts without a recorded outcome, and those whose session is open.

Read by the tasks that ask Stripe again. It may lag, because the attempt itself is read from the
log before anything is done.

projector: one row while an attempt is requested, unknown or open
queries: attempts without an answer since an instant, and sessions that ended before one
checker: compares the rows with the fold of every payment
"""
