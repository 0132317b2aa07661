"""Refunds that have not come to an end at Stripe. Read by the scheduler, which has Stripe asked
again; may lag, because the refund itself is read from the log before anything is done.
"""
