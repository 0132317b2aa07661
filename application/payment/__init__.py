"""The use cases of payment: checkout, captures and refunds with Stripe.

start_checkout: record the intention to collect the amount due
collect: open, read and expire checkout sessions at Stripe
extend_hold: a hold ends later while Stripe does not open the session of its checkout
record_attempt: record the outcome of an attempt
replace_attempt: start another attempt in place of one that waited too long for Stripe
record_capture: record captured money, and that the booking is paid
recorded_captures: find where the money of an intent is recorded
check_captures: compare captures that signed events reported with Stripe's own list
record_capture_check: record how such a capture compares
record_unmatched: record captured money that belongs to no booking, or came twice
return_parked_funds: return parked money to its payer
refund_payment: record the intention to refund captured money
refunding: request and read refunds at Stripe
record_refund: record the outcome of a refund
record_transfer: record what a bank transfer pays, once for each
record_external_refund: record a refund that was made at Stripe by hand
receive_event: verify a webhook; record what it states, or store it to be processed
signed_facts: which events state a fact by themselves, and as which command
record_signed_fact: record such a fact, and its event as done, in one append
process_event: process stored Stripe events
replay_event: list parked Stripe events and process one again
read_events: list Stripe events, and show what one of them caused
backfill_events: store the events that Stripe could not deliver
event_retries: how long a stored event waits before it is tried again
stripe_event_types: the types of Stripe events that are processed
gateway: the port of the payment gateway
dispute_gateway: the port of disputes and fraud warnings
urgency: how urgent the calls to Stripe are, declared where work begins
"""
