"""Bank transfers by which the airline pays what it owes: each pays one thing.

transfers: the decision and the fold

events: all events
state: the state
rejections: the reasons for which a decision is rejected

Vocabulary: a transfer is known by the reference that the bank gave it; finance records it when it
says what it *pays*: a failed refund, a claim or the rest of a travel credit.

W1  A reference pays one thing: for a second one finance would book money that never left the bank.
"""
