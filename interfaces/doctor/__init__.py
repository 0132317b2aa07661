"""What `ais doctor` examines; read `diagnosis` first.

diagnosis: all checks in order
finding: what a check found and what to do
settings_checks: settings that are valid by themselves and do not belong together
database_checks: the server, rights of the logins, migrations, clock
work_checks: read models, processes, tasks and webhooks that wait
retention_checks: what is older than its period, and which periods are chosen
partition_checks: the next partition of the log
replica_checks: the standby that reads may go to
outside_checks: Redis, Stripe, the mailbox, the disk
"""
