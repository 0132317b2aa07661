"""The use cases of payment: checkout, captures and refunds with Stripe.

start_checkout: record the intention to collect the amount due
collect: open, read and expire checkout sessions at Stripe
record_attempt: record the outcome of an attempt
record_capture: record captured money, and that the booking is paid
record_unmatched: record captured money that belongs to no booking
return_parked_funds: return parked money to its payer
refund_payment: record the intention to refund captured money
refunding: request and read refunds at Stripe
record_refund: record the outcome of a refund
receive_event: verify a webhook and store it sealed
process_event: process stored Stripe events
replay_event: list parked Stripe events and process one again
event_retries: how long a stored event waits before it is tried again
stripe_event_types: the types of Stripe events that are processed
gateway: the port of the payment gateway
urgency: how urgent the calls to Stripe are, declared where work begins
"""
