"""Accounts and posting rules: which entry a business event carries.

accounts: the chart of accounts
rules: posting rules of captures and refunds, and how every entry is made
carriage: posting rules of tickets: issue, exchange, flown, no-show, cancellation, goodwill
division: posting rule of passengers who leave for a booking of their own

Vocabulary: *unapplied funds* (2020) is captured money not yet matched to tickets; the *air
traffic liability* (2000) is what the airline owes in carriage (IFRS 15 contract liability).

L1  Every entry sums to zero per currency.
L2  A capture always credits 2020 and ticketing always debits it; what stays there is a worklist.
L3  Amounts are never recomputed on replay: entries are facts.
L4  What a ticket put into the liabilities leaves them when its coupons are final, flown or not,
    except tax and charges that others are owed.
L5  A division moves amounts between two bookings, account by account, and changes no balance.
"""
