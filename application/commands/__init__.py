"""The command bus: carries commands out, each once, many of them in one append.

Read `command.py` first (what a use case is made of), then `context.py` (what its decision reads
and records), then `dispatcher.py` (how commands become one append).

command: `Command` with its `decide`, `Reply`, `CommandEnvelope`, `Outcome`
context: `DecisionContext`, the only thing that a decision may touch; `EventsByStream`
open_days: the day of an entry whose month is closed
stream_kinds: booking, flight, payment, tax documents and so on: how each is folded, and its events
dispatcher: `Dispatcher`, the one writer of a process: queue, batches, conflicts, lost replies
batch: `CommandBatch`, the decisions of one batch, what to append, and the answers
pending_command: a command whose caller waits, with its repeats
state_cache: states in memory, those of the log and those that a batch would add
bus: `CommandBus`, the dispatcher as HTTP, worker and processes see it
follow_up: the envelope of a command that follows from a cause, with an id made from it
"""
