"""Disputes and early fraud warnings: how each stands, and until when evidence counts.

Read by finance and by the timer that asks Stripe about undecided ones. It may lag, because the
dispute itself is read from the log before anything is done.

projector: one row for each dispute and warning
queries: the worklist, one dispute, and undecided ones to ask about
checker: compares the rows with the fold of every payment
"""
