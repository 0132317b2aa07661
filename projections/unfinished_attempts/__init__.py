"""Payment attempts whose outcome at Stripe is not recorded yet. Read by the completer, which asks
Stripe again; may lag, because the attempt itself is read from the log before anything is done.
"""
