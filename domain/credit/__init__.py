"""Travel credit: what the airline owes a traveller in carriage, not in money.

credits: guards, decisions and fold of one credit

events: all events
state: the state
rejections: the reasons for which a decision is rejected

Vocabulary: a credit is *issued* with an origin (a cheaper change, goodwill, compensation) to its
owner; a part of it is *spent* on a booking under the id of one *use*, and *returned* when the
booking does not need it; what is left *expires*, or finance *pays it out* by bank transfer.

V1  The balance is what was issued, less what is spent and not returned, expired or paid out, and
    is never negative. Account 2200 is the sum of all balances, in each currency.
V2  A credit is spent in its own currency, before it expires, by its owner.
V3  A use is spent once, and no more of it is returned than was spent.
V4  A payout needs two persons; what was given as goodwill is never paid out.
"""
