"""Travel credit: issue it, read it, let it expire.

new_credit: a new credit as a part of another decision
issue_credit: staff give credit as goodwill
read_credits: the credits of an account
pay_out_credit: finance pays a credit out by bank transfer
expire_credit: what is left of a credit whose time is over becomes revenue
ports: what these use cases need from outside
"""
