"""Tables beside the log: connections, migrations, outbox, inbox, ticket numbers.

pool: connections for reads and small tables
primary: the newest primary among several servers; refuses one that was left
standby: whether the standby that commits wait for is there
replica: a standby that reads may go to, watched
lagging_reads: chooses between the replica and the primary
silence: connections that are cut when the server stays silent
migrate: brings a database to the newest schema
migrations: the SQL files of the migrations
roles: login roles of the demo, tests and benchmarks
failed_tasks: tasks of the outbox that failed in all their tries
full_disk: notices that the database has no room, and when it has room again
modes: modes of operation, and how a process follows them
outbox: reads the outbox for its relay, and keeps the checkpoints of processes
log_partitions: how many partitions of the log are free
condition: what a login finds of its server and of the schema
inbox: Stripe events as received: stored once, sealed, processed by state
stripe_event_answers: what became of each of them
flight_tasks: how far the follow-up of each change of a flight has come
reconciliation_runs: what each run of reconciliation compared and found
timer_requests: asks the scheduler that leads for its timers, and to begin one now
announced_appends: wakes those who follow the log
consumers: refuses to follow a log that ends before what was done over it
audited_actions: sensitive actions, recorded and found
booking_work: tasks and webhooks about one booking
waiting_work: how much work waits in the tables, for metrics
ticket_stock: serials of tickets, drawn from a sequence in blocks
"""
