"""What Stripe settles: balance transactions, payouts to the bank, its balance beside the books.

categories: which entry belongs to a balance transaction, and who posts it
transactions: balance transactions: fees, and exchange into the settlement currency
payouts: payouts to the bank, and the transactions that each paid out
comparison: Stripe's balance compared with the books

events: all events
state: the states
rejections: the reasons for which a question is rejected

Vocabulary: a *balance transaction* is one line of Stripe's own account statement: its *gross*
amount less its *fee* changes Stripe's balance, in the *settlement currency*. What it is about at
Stripe (a charge, a refund, a payout) is its *source*; `charged` is the amount in the source's own
currency.

S1  Each balance transaction is recorded once per id, in whatever order and however often read.
S2  An amount is posted once: a payment, a dispute or a payout posts what it knows as a fact; the
    transaction posts what only it knows, its fee and its exchange (`categories`).
S3  Amounts and fees are Stripe's own; nothing is recomputed from a rate.
S4  Once a charge is wholly refunded, nothing of it is left on account 1015: the difference between
    the rates is a gain or loss, the same in whatever order charge and refunds are recorded.
S5  A payout moves from clearing into transit and from there to the bank; one that fails returns
    from where it was.
S6  What is not understood is recorded, posted to nothing, and listed for staff.
"""
