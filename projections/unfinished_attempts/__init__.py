"""Payment attempts without a recorded outcome.

Read by the task that asks Stripe again. It may lag, because the attempt itself is read from the
log before anything is done.

projector: one row while an attempt is requested or unknown
queries: attempts that are older than an instant
checker: compares the rows with the fold of every payment
"""
