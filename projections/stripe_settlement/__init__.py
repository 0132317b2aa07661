"""What Stripe settled: transactions, payouts, and its balance beside the books.

Read by finance and auditors, by the timer that follows payouts, and by the comparison of Stripe's
balance with account 1010. It skips nothing: it stops at an event that it cannot process.

projector: transactions, payouts, comparisons, account 1010, and each amount with both its sides
queries: payouts, the latest comparison, what does not fit, and what the timers need
checker: compares the rows with the log
"""
