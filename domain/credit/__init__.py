"""Travel credit: what the airline owes a traveller in carriage, not in money.

credits: guards, decisions and fold of one credit
card_texts: what a buyer may write to whom a gift card is for
gift_cards: a credit that is bought, claimed with its code, refunded, or blocked by a dispute

events: all events
state: the state
rejections: the reasons for which a decision is rejected

Vocabulary: a credit is *issued* with an origin (a cheaper change, goodwill, compensation) to its
owner, or bought as a *gift card*, which is *ordered*, *paid* and *claimed*; a part of it is *spent*
on a booking under the id of one *use*, and *returned* when the booking does not need it; what is
left *expires*, or finance *pays it out* by bank transfer.

V1  The balance is what was issued, less what is spent and not returned, expired or paid out, and
    is never negative. Account 2200 is the sum of all balances, in each currency.
V2  A credit is spent in its own currency, before it expires, by its owner.
V3  A use is spent once, and no more of it is returned than was spent.
V4  A payout needs two persons; what was given as goodwill, or bought as a gift card, is never paid
    out. What a credit has paid goes back to that credit, also where a change makes its booking
    cheaper.
V5  A gift card is worth nothing before it is paid. It is claimed once, with its code, or refunded
    once to its buyer while nobody has claimed it.
V6  While the payment that bought it is disputed, nothing of it is claimed, spent, refunded or
    expired; when the dispute is lost, what is left pays for it, and so does what comes back later.
    When the bank decides for the airline after all, what the dispute took is credit again.
V7  What comes back ends as before, or after a short grace, which nothing that is spent in it gets
    again; only where it comes back because of the airline does it last longer.
"""
