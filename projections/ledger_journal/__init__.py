"""The journal line by line, with balances of accounts and bookings.

Read by finance and auditors. It may lag but it skips nothing: it stops at an event that it
cannot process.

projector: writes the lines of each entry and adds them to the balances (L3)
as_of: balances and statements of accounts, as of a day and as known at a position
entry_list: the journal entry by entry, with filters
vat_return: supplies by rate of a period
queries: trial balance, lines of a booking, unapplied funds, money owed
checker: compares lines, balances and their sums with the postings of the append
"""
