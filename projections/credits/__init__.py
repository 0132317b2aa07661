"""Travel credits by owner: what an account may spend, what expires, what waits for a payout.

projector: one row for each credit
queries: the credits of an account, those whose time is over, and proposed payouts
checker: compares the rows with the fold of every credit
"""
