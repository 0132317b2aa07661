"""One amount due, the attempts to collect it, and refunds.

attempts: the amount due and the attempts to collect it
captures: captured money, applied or parked, and parked money that is returned
refunds: refunds of captured money
idempotency_keys: how long Stripe remembers an idempotency key

events: all events
state: the state
fold: state after event
rejections: the reasons for which a decision is rejected

Vocabulary: an *attempt* is one Stripe Checkout Session; it is *requested* (intention recorded,
Stripe perhaps not yet called), *open*, *unknown* (Stripe did not answer in time), *expired*,
*refused* (by Stripe) or *captured*. A *decline* is one refused card within an open session.

A *refund* returns money of one capture: *requested* (intention recorded), *unknown*, *accepted*
(Stripe has it), *settled*, *refused* (by Stripe) or *failed* (the money was returned to us). What
one of the last two did not refund is sent again, or *paid by bank*.

M1  At most one attempt is live (requested, open or unknown) at a time.
M2  One provider intent is captured once, however often Stripe reports it.
M3  Every capture carries its entry; money that cannot be applied is parked with the reason.
M4  A timeout is unknown, never failed.
M5  Of one capture no more is refunded than was captured; refused and failed refunds do not count.
M6  One obligation is refunded once from each capture, however often it is requested; a refused or
    failed refund is sent again or paid by bank, and that once.
M7  A refund that Stripe has is recorded by two entries at most: accepted, and failed after that.
M8  Parked money is owed to its payer once; then it is refunded like any other obligation.
"""
