"""What auditors read: the log itself, in order; read `read_log` first.

ports: what the use cases read from
read_log: pages of the log, filtered and resumable
shown_event: how an event is shown, also to partners
follow_log: each new event of the log, from a position on
read_booking_log: everything about one booking, over all its streams
explain_booking: the whole story of a booking, for staff at the shell
actions: sensitive actions, and the ports that record and find them
read_actions: sensitive actions of the log and of both records, the newest first
export_actions: the same as JSON lines with a signature
"""
