"""The verbs of the `ais` command, one module each.

main: lists the verbs and imports each only when it is used
demo: `ais demo`: the whole system on this machine and one traveller's journey through it
demo_stage: starts what the demo needs: servers, secrets, processes, schedule, accounts
demo_database: its PostgreSQL, and the standby
demo_ports: the ports of a demo, again those of its last start
demo_catch_up: finishes what an earlier run of the demo left
demo_failed: why a demo ends early
demo_walk: one traveller's booking over HTTP and webhooks, from search to ticket
demo_tour: the tour: a modification, a cancellation, a check-in, a cancelled flight
storyline: prints steps, streams, events, entries and balances
test: `ais test`: every gate of the project, the suite last
bench: `ais bench`: the benchmarks, each against its reference
serve: `ais serve`: all roles in one process
web: `ais web`: serves HTTP
worker: `ais worker`: processes the task queue
scheduler: `ais scheduler`: starts processes, relays and timers
projector: `ais projector`: keeps the read models current with the log
migrate: `ais migrate`: brings the database to the schema of this release
reconcile: `ais reconcile`
backup: `ais backup`: backs up log, keys and cluster
restore: `ais restore`: restores a backup, and sets back what is ahead of it
verify_backup: `ais verify-backup`: restores a backup into a scratch cluster and compares
backup_output: what the three share: the key, progress, results
rebuild: `ais rebuild`: rebuilds read models, with a progress bar
ledger: `ais ledger`: the answers of the ledger's routes for the shell, exports, replay
replay: `ais ledger replay`: sums the log again, from archives too
replay_worker: `ais ledger replay-worker`: sums stretches for a replay of another machine
schedule: `ais schedule`: loads the schedule of a season, or writes one
stripe: `ais stripe`: stores events that Stripe could not deliver
client: `ais client`: registers clients of third parties
keys: `ais keys`: replaces the key of access tokens
user: `ais user`: changes the role of a user
policies: `ais policies`: the airline's own rules, their versions and proposals
fares: `ais fares`: the filed fares as a file
policy_preview: `ais policies preview`
policy_calls: what the verbs of `ais policies` share
modes: `ais modes`: modes of operation, such as maintenance
partner: `ais partner`: subscriptions of partners
archive: ranges of the log as Parquet files
audit: `ais audit`: exports sensitive actions, verifies an export
erase: `ais erase`: erases a person, or says what postpones it
person: `ais person`: exports all that is held about a person
named_person: names a person, for both
health: `ais health`: whether a process of this machine answers, for containers and supervisors
doctor: `ais doctor`: checks that all is well, and says what to do if not
explain: `ais explain`: the whole story of a booking
completion: `ais completion`: the completion of verbs for a shell
check: `ais check`: compares read models with the log
whole_log: the log with what archives have, for `ais check` and `ais rebuild`
timers: `ais timers`: lists what runs by itself, and has it run now
retention: `ais retention`: lists how long data is kept, chooses another period
tasks: `ais tasks`: lists tasks that failed, and tries them again
trace: `ais trace`: shows what one request led to in every process
secret_files: settings from the files of AIS_SECRETS_DIR
running: what long-running verbs share: settings, and what a process reports of itself
"""
