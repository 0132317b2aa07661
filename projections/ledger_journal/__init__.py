"""The journal line by line, with running balances per account and per booking. Read by finance
and by auditors; it may lag, but it never skips: it stops at what it cannot take in.
"""
