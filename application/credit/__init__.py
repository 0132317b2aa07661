"""Use cases of travel credit: pay for a booking with it, and what goes back to it.

Read `spend_credit` first.

spend_credit: pay what is due for a booking, or a part of it
withdraw_credit: take a part back while what is due is not paid
return_unused_credit: what goes back when a booking or a change ends unpaid
return_part: records a part that goes back, at the payment and at the credit
"""
