"""One amount due and the attempts to collect it.

Vocabulary: an *attempt* is one Stripe Checkout Session; it is *requested* (intention recorded,
Stripe perhaps not yet asked), *open*, *unknown* (Stripe did not answer in time), *expired*,
*refused* (Stripe said no) or *captured*. A *decline* is one refused card within an open session.

A *refund* gives money of one capture back: *requested* (intention recorded), *unknown*,
*accepted* (Stripe has it), *settled*, *refused* (a definite no) or *failed* (the money came back).

M1  At most one attempt is live (requested, open or unknown) at a time.
M2  One provider intent is captured once, however often it is told.
M3  Every capture carries its entry; money that cannot be applied is parked with the reason.
M4  A timeout is unknown, never failed.
M5  Of one capture no more is asked back than was captured; what was refused or failed is free.
M6  One obligation is asked back once from each capture, however often it is told.
M7  What Stripe has of a refund is told by two entries at most: accepted, and failed after that.
"""
