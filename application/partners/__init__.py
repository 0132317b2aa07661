"""Deliver events of the log to servers of partners, signed; read `deliver_events` first.

subscription: a subscription as it is stored, and its status
ports: what the use cases need from outside
add_subscription: a partner gets events from now on
read_subscriptions: all of them, and those whose deliveries are parked
remove_subscription: the partner gets no more
replace_secret: a new secret, with the old one valid for a day
replay_events: deliver again from a position
switch_subscription: stop and go on
deliver_events: the next delivery of a subscription, and what follows from its outcome
delivery: the body of a delivery
"""
