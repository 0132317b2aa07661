"""The use cases of what Stripe settles: balance transactions, payouts, and Stripe's balance.

gateway: the port to Stripe's lists of transactions and payouts, and its balance
record_transaction: record a balance transaction with its fee and exchange
record_payout: record how far a payout has come, and what it paid out
sweep_transactions: read all new balance transactions from Stripe's list
follow_payout: ask Stripe about one payout
compare_balance: compare Stripe's balance with the books
follow_hints: what the events of Stripe start
ports: the read models that the queries use, and what they return
read_settlement: a payout with its transactions
"""
