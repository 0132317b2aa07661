"""Use cases by context, and the ports they need; free of any technology.

Read `commands` first, then one use case, such as `booking/confirm_booking.py`.

commands: the command bus
booking: use cases of a booking
inventory: use cases of flights and their seats
pricing: search, prices and quotes
payment: checkout, captures and refunds with Stripe
compensation: claims for cancelled, late and overbooked flights
credit: travel credit: issued, spent, returned, paid out, expired
settlement: balance transactions, payouts and the balance of Stripe
reconciliation: compare the ledger with Stripe and the bank, and decide about breaks
ledger: queries of the ledger
invoicing: issue, read and report tax documents
identity: registration, sign-in, passwords
audit: the log as auditors read it
policies: the policy book: propose and publish versions, read what is in force
partners: deliver events to servers of partners
modes: switch modes of operation, such as maintenance
privacy: consents, a person's data, erasure, retention
processes: what follows from a recorded event

failed_tasks: tasks that failed in all their tries, and trying them again
worklists: the lists of work that waits for staff
caller: the caller of a command, with the command id
ports: ports that several contexts need: log, clock, vault, ticket numbers, background tasks
queries: the types that read models return
flight_searches: the types that searches for flights return
read_positions: how much of the log the reads of a request contain, and where they are made
search_cache: cached searches, never older than their read model
stream_history: the port that reads earlier versions and events of a stream
metrics: every metric, and what code adds to it
mail: a letter, the port that sends it, and letters that came back
record_bounces: record the letters that came back
text_messages: a text message, the port that sends it, and its segments
rate_limit: the port that counts requests in windows shared by all processes
read_list: reads what is new in a list of Stripe, and how far it got
telemetry: the work under way: its correlation id, and the spans that it leaves
together: makes one call of those that arrive at the same time
coordination: lock numbers and channels that the processes on one database share
"""
