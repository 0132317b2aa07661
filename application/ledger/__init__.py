"""The queries of the ledger for finance and auditors: accounts and balances.

ports: the read models that the queries use
read_ledger: the chart of accounts and the trial balance
read_owed: every amount that is owed as a refund
"""
