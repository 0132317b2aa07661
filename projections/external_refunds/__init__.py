"""Refunds that were made at Stripe's dashboard by hand, and what of them is not allocated.

Read by finance. It may lag, because an external refund is read from the log before it is allocated.

projector: one row for each external refund
queries: the worklist, and one external refund
checker: compares the rows with the fold of every payment
"""
