"""Reconciliation: the ledger beside Stripe's balance transactions and the lines of the bank.

records: the rows of the three legs, as they are read for a run
breaks: what does not fit: classes, evidence, age, and the remedy that is proposed
matching: which rows belong together, and what does not fit
bank_leg: payouts beside the lines of the bank

events: all events
state: the state of an accounting day
days: what a run records of a day, and the decisions about its breaks
remedies: what is appended from Stripe, and refunds of duplicates
rejections: the reasons for which a decision is rejected

Vocabulary: a *leg* is one of the three sources. A *break* is what does not fit; its id is its class
and the ids of its sources, so that another run over the same rows finds the same break.

N1  The same rows give the same result, in whatever order and however often each is read.
N2  The tolerance is zero: a minor unit that does not fit is a break.
N3  A run that finds what is recorded records nothing.
N4  A remedy that moves money is approved by another person than who proposed it.
N5  A break that a later run no longer finds is cleared; one that staff resolved stays resolved
    while its evidence is the same.
N6  What is appended from Stripe is what its webhook would have recorded. A later run that still
    finds the break opens it again.
"""
