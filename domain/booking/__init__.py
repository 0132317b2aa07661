"""A booking: who travels on which flights, at which price, and in which state.

Read `states.py` first, then one capability: each file has its guards, its decisions, its fold and
its part of `availableActions`.

sale: draft, hold or waitlist, payment, tickets; what a party and a journey may be
names: names in Latin letters, in Arabic and in the bar code
ages: passenger types by birth date
travel_documents: which travel document a flight needs
entry_rules: the dated table of documents by destination and nationality
countries: countries as travel documents and airports have them
companions: children and infants travel with an adult of the booking
seats: seats of the seat map
passenger_details: names, travel documents and special services of passengers
saved_passengers: passengers that an account has saved for its bookings
check_in: check-in, boarding, and how a flight ends for its passengers
check_in_undo: the undo of a check-in
departure_correction: what a departure closed is open again, because it was recorded by mistake
hold_extension: a hold ends later while Stripe does not open the session of its checkout
reseating: an expired booking takes its seats again when its money came late
cancellation: cancellation of the booking or a part of it, refunds
refund_approval: when a refund beyond the rules needs a second person
modification: one segment exchanged for another
extras: extras sold after the tickets, and extras returned
disruption: flights that the airline cancelled or rescheduled
suspension: coupons that must not be used while their payment is unconfirmed or disputed
charge_back: coupons that are void because a dispute about their payment is lost
division: passengers leave for a booking of their own
attachment: an account has a booking that an agency or the call centre sold

events: all events
hold_extension_events: the event by which a hold is extended
check_in_events: the root of the events from check-in on, and the withdrawal of a departure
division_events: the events of a division
extras_events: the events about extras after the sale
reseating_events: the event of a booking that takes its seats again
seat_events: the root of the events about seats, and seats that were refunded
suspension_events: the events about suspended coupons
attachment_events: the event by which an account has a booking beside its owner
refund_approval_events: the event by which a refund waits for a second person
charge_back_events: the events by which a lost dispute takes money and coupons
values: the values that events store
state: the state of a booking
states: the thirteen states, their transitions, and the steps beside them
coupons: coupons, and the status they roll up to
connections: whether passengers who arrive with one flight reach the next
fold: state after event, by capability
actions: `availableActions`, by capability
preconditions: guards that several capabilities share, and the facts that guards look at
rejections: the reasons for which a decision is rejected
boarding_pass: the facts and the bar code of a boarding pass

Vocabulary: a booking is *initiated* (a draft), *reserved* (seats held until a deadline), *paid*
(captured money covers the amount due), *confirmed* (tickets issued), and so on through the
thirteen states of `states.py`; a *ticket* is the 13-digit document of one passenger, a *coupon*
its right to one flight; an *obligation* is money that the airline has promised to refund; a
*modification* replaces one flight of the journey; a *disruption* is a flight that the airline
cancelled or rescheduled, until the passengers have answered.

B1  A booking moves only along the transitions of `states.TRANSITIONS`, along those of
    `states.CORRECTIONS` where a departure was recorded by mistake, or along those of
    `states.RESEATINGS` where it was paid too late.
B2  Paid means: captured exactly the amount due, in its currency.
B3  Confirmed means: paid, and every passenger has a ticket number, and the entry that moves the
    money from unapplied funds to the liability is in the same event.
B4  A terminal booking never changes again, but for an expired one that takes its seats again.
B5  Decisions are idempotent: a decision that was made already returns no events.
B6  The status of a ticketed booking is the roll-up of its coupons; a final coupon never changes,
    unless the departure that made it final is withdrawn, or the booking is divided.
B7  Refunded means: the refunds of all obligations have settled, and nothing else is open.
B8  An accepted modification keeps the old seats until it is completed; if it is never paid, the
    booking is as before.
B9  Each coupon has its own cancellation fee; charges of airports go back, fees of earlier
    modifications do not.
B10 What a traveller keeps of a journey is taxed as if it had been bought by itself.
B11 A division moves money, seats and tickets, and makes none: what was paid for either booking is
    what its coupons are worth and what is owed to it, or kept of it.
B12 A booking stays with every account that has it: only one that an agency or the call centre
    sold is attached to another account, and to one only, until that account is closed.
B13 Nobody alone refunds more of a booking beyond the rules than one person may, however often,
    and nothing of a divided one.
B14 Who pays for an extra after the sale gets it, or the money back in the same append.
B15 Returning an extra costs the share that cancelling its flight would cost.
"""
