"""The ledger for finance and auditors: what the books say, and the close of a month.

books: what the read models of the books promise
books_at: as of which day, and as known when
ports: what the use cases need from outside
read_ledger: the chart of accounts and the trial balance
read_statement: the statement of an account
read_journal: the journal, with drill-down to events, bookings and objects at Stripe
read_customer: the statement of a customer
read_liabilities: open items, deferred revenue, airport charges, the VAT return
read_owed: every amount that is owed as a refund
export_books: the books of a period as CSV, beancount and hledger journals, and rows for Parquet
close_period: the close of a month
reopen_period: two persons reopen a closed month
"""
