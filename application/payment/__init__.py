"""The use cases of payment: start a checkout, follow its attempts, give money back, take in what
Stripe reports.
"""
