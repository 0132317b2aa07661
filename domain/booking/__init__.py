"""One booking: who travels on what, at which price, and how far it has come.

Vocabulary: a booking is *initiated* (a draft), *reserved* (seats held until a deadline), *paid*
(captured money covers the amount due), *confirmed* (tickets issued), and so on through the
thirteen states of `states.py`; a *ticket* is the 13-digit document of one passenger, a *coupon*
its right to one flight; an *obligation* is money promised back; a *change* replaces one flight of
the journey; a *disruption* is what the airline did to a flight and asks an answer for.

B1  A booking moves only along the transitions of `states.TRANSITIONS`.
B2  Paid means: captured exactly the amount due, in its currency.
B3  Confirmed means: paid, and every passenger has a ticket number, and the entry that moves the
    money from unapplied funds to the liability is in the same event.
B4  A terminal booking never changes again.
B5  Every decision repeated records nothing new.
B6  The status of a ticketed booking is the roll-up of its coupons; a final coupon never moves.
B7  Refunded means: all that was promised back has arrived, and nothing else is open.
B8  An accepted change keeps the old seats until it is complete; if its money never comes, nothing
    of the booking has changed.
"""
