"""One package for each outside technology; the only place its SDK is imported.

calendar_file: the flights of a booking as a calendar file, by `icalendar`
airports: airports of the world, from the package `airportsdata`
archive: ranges of the log in Parquet files
backup: backups of the database, and how they are restored
bank_files: statements of the bank
boarding_pass: draws boarding passes as a picture and as a page
embedded: PostgreSQL and Valkey from wheels, for the demo, tests and benchmarks
event_store: the log in Postgres
evidence: draws the evidence for a dispute
identity: users, passwords and access tokens
mail: delivers letters
oauth: OAuth 2.1 for clients of third parties
parquet: Parquet files, where the optional extra is installed
partners: subscriptions of partners in Postgres, deliveries to their servers
privacy: consents, erasures and retention in Postgres, the print of a person's data
postgres: tables beside the log: migrations, outbox, inbox, ticket numbers
schedule_files: schedules of airlines, in SSIM and CSV
redis: the task queue and the shared part of the rate limits
sealing: personal data as ciphertext, one key for each person
sms: sends text messages
tax_authority: reports tax documents, to a fake for the demo
tax_receipt: draws tax documents as a page
telemetry: log lines, traces, metrics and reports of errors
stripe: Stripe as the payment gateway
stripe_simulator: a Stripe on loopback; imports nothing of the other packages
"""
