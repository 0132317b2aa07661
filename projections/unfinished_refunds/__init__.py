"""Refunds that have not ended at Stripe.

Read by the timers that ask Stripe again. It may lag, because the refund itself is
read from the log before anything is done.

projector: one row while a refund is requested, unknown or accepted
queries: refunds that have been in one state for too long
checker: compares the rows with the fold of every payment
"""
