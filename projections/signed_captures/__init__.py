"""Captures that only a signed event reported, until Stripe's own list has confirmed them.

Read by the timer that checks them and as a worklist. It may lag, because the capture itself is
read from the log before anything is recorded.

projector: one row while a capture is not checked yet or contradicted
queries: captures to check, and contradicted ones
checker: compares the rows with the fold of every payment
"""
