"""Refunds that have not ended at Stripe, and those that failed and were not sent again.

Read by the timers that ask Stripe again, and by finance. It may lag, because the refund itself is
read from the log before anything is done.

projector: one row while a refund has not arrived or has failed
queries: refunds that have been in one state for too long, and the worklist of failed ones
checker: compares the rows with the fold of every payment
"""
