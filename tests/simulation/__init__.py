"""A whole airline and its account at Stripe in one process, on one virtual clock.

Read `world.py` first (what outlives a process), then `airline_process.py` (what a process has).

virtual_time: an event loop whose waits take no time
stripe_beside: the Stripe simulator in this process: its clock, its connections, its webhooks
memory_inbox: the inbox of Stripe's events in memory
world: the log, the account at Stripe and the inbox, which outlive every process
airline_process: the objects of one process, and its work until nothing is left
due_work: what the timers find due in read models in memory
stops: stops a process before or after a step
interactions: what is done at Stripe and tried with a stop at every step
oracles: what must hold between Stripe and the log once everything is at rest
open_items: every balance that is left has its item in a worklist
customers: what customers do at random
provider_books: changes Stripe's own books behind our back
bank: what the bank books of payouts, now and then wrongly
break_seeds: each kind of break, and what must be found of it
payout_seeds: breaks of payouts, and what must be found of all of them
seeded_breaks: seeds breaks of all classes into a crowd
reconciling: reconciles a crowd, and compares what was found with what was seeded
crowd: many customers over weeks, with faults
test_slow_banks: how often Stripe is asked while a bank decides
test_stops: every interaction, stopped at every step
test_crowd: many customers with all faults, and seeded breaks
"""
