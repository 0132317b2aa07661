"""One booking: who travels on what, at which price, and how far it has come.

Vocabulary: a booking is *initiated* (a draft), *reserved* (seats held until a deadline), *paid*
(captured money covers the amount due), *confirmed* (tickets issued), and so on through the
thirteen states of `states.py`; a *ticket* is the 13-digit document of one passenger.

B1  A booking moves only along the transitions of `states.TRANSITIONS`.
B2  Paid means: captured exactly the amount due, in its currency.
B3  Confirmed means: paid, and every passenger has a ticket number, and the entry that moves the
    money from unapplied funds to the liability is in the same event.
B4  A terminal booking never changes again.
B5  Every decision repeated records nothing new.
"""
