"""Travel credit: issue it, read it, pay with it, return it, let it expire.

Read `spend_credit` first.

new_credit: a new credit, by itself or as a part of another decision
issue_credit: staff give credit as goodwill
read_credits: the credits of an account
spend_credit: pay what is due for a booking, or a part of it
withdraw_credit: take a part back while what is due is not paid
return_unused_credit: what goes back when a booking or a change ends unpaid
return_part: records a part that goes back, at the payment and at the credit
pay_out_credit: finance pays a credit out by bank transfer
expire_credit: what is left of a credit whose time is over becomes revenue
ports: what these use cases need from outside
"""
