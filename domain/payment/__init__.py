"""One amount due, the attempts to collect it, and refunds.

attempts: the amount due and the attempts to collect it
replacement: another attempt in place of one whose session Stripe opens no more
shares: an amount due that several payers pay together
credit_parts: parts of the amount due that travel credit pays, and their return
declines: what a payer is told about a declined payment
captures: captured money, applied or parked, and what becomes of parked money
refunds: refunds of captured money
disputes: disputes of captured money, and the refunds that wait for their end
external_refunds: refunds made at Stripe by hand, and what they were for
idempotency_keys: how long Stripe remembers an idempotency key

events: all events
credit_part_events: the events of parts that credit pays
dispute_events: the events of disputes
external_refund_events: the events of external refunds
state: the state
dispute_state: the state of disputes
external_refund_state: the state of external refunds
fold: state after event
rejections: the reasons for which a decision is rejected

Vocabulary: an *attempt* is one Stripe Checkout Session; it is *requested* (intention recorded,
Stripe perhaps not yet called), *open*, *unknown* (Stripe did not answer in time), *expired*,
*refused* (by Stripe) or *captured*. Another one *replaces* it where Stripe opens its session no
more, because it waited for Stripe for too long. A *decline* is one refused card within an open
session.

A *refund* returns money of one capture: *requested* (intention recorded), *unknown*, *accepted*
(Stripe has it), *settled*, *refused* (by Stripe) or *failed* (the money was returned to us). What
one of the last two did not refund is sent again, or *paid by bank*. It is *waiting* while its
charge is disputed, and *charged back* where the payer got the money by the dispute instead.
Stripe may wait for the payer (*requires action*), and a refund may be *canceled* there.

An *external refund* was made at Stripe's dashboard by hand. Finance *allocates* it: to a refund of
ours, which is then *covered* and not sent, or as goodwill. It is *settled* once Stripe passed its
money on.

A *dispute* is what the payer's bank asks back: an *inquiry* (no money moves), *open*, then *won*,
*lost* or *closed*. Its *receivable* is what the bank holds of our money and may return.

M1  At most one attempt is live (requested, open or unknown) at a time, or shares that together
    collect what is outstanding.
M2  One provider intent is captured once, however often Stripe reports it. Another charge of it,
    which two persons give back, is a payment of its own.
M3  Every capture carries its entry; money that cannot be applied is parked with the reason: all of
    it, or what is beyond the amount due. A part of the amount due waits for the rest.
M4  A timeout is unknown, never failed.
M5  Of one capture no more is refunded than was captured, by us and by hand together; refused and
    failed refunds do not count.
M6  One obligation is refunded once from each capture, however often it is requested; a refused or
    failed refund is sent again or paid by bank, and that once.
M7  A refund that Stripe has is recorded by two entries at most: accepted, and failed after that.
M8  Parked money is applied after all or owed to its payer, once; what is owed is refunded like any
    other obligation.
M9  While a dispute of a capture is open, no money of it is refunded.
M10 A balance transaction of a dispute is posted once, however often Stripe reports it.
M11 An external refund is posted once, and taken back once with all that it was allocated to.
M12 Travel credit pays a part of the amount due, or all of it; no more of a part goes back than it
    paid, as credit and never as money.
"""
