"""Accounts and posting rules: which entry a business event carries.

accounts: the chart of accounts
rules: posting rules of captures and refunds, and how every entry is made
carriage: posting rules of tickets: issue, exchange, flown, no-show, cancellation, goodwill
vat: what an entry adds to the VAT return
reconciliation: the write-off of a difference
settlement: posting rules of Stripe's fees, of exchange, and of payouts to the bank
division: posting rule of passengers who leave for a booking of their own
compensation: posting rules of claims of passengers
disputes: posting rules of money that a payer's bank takes, returns or keeps
external_refunds: posting rules of refunds made at Stripe by hand
credits: posting rules of travel credit

Vocabulary: *unapplied funds* (2020) is captured money not yet matched to tickets; the *air
traffic liability* (2000) is what the airline owes in carriage (IFRS 15 contract liability).

L1  Every entry sums to zero per currency.
L2  A capture always credits 2020 and ticketing always debits it; what stays there is a worklist.
L3  Amounts are never recomputed on replay: entries are facts.
L4  What a ticket put into the liabilities leaves them when its coupons are final, flown or not,
    except tax and charges that others are owed.
L5  A division moves amounts between two bookings, account by account, and changes no balance.
L6  The receivable of disputes (1200) is what banks hold of undecided disputes: the end of a dispute
    closes it, against what the payer was owed or as a loss.
L7  External refunds (1290) is what was refunded at Stripe by hand and finance has not allocated.
L8  Travel credits (2200) are the balances of all credits: a posting to 2200 names the credit,
    or the booking whose change issues it in the same append.
"""
