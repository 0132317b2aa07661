"""The entry points of the application: HTTP, worker and command line; and the composition.

http: the HTTP API
web: the web role
carriers_web: the web role for several carriers
connection: one connection of the web role, with limits
worker: worker and scheduler
serve: all roles in one process
roles: how the roles of a process end together
cli: the command line
doctor: what `ais doctor` examines
composition: builds what every role runs on; compositions name the adapters
reconciliation_composition: builds what reconciliation needs
audit_composition: builds what auditors read from
read_composition: builds the reads that may go to a replica
policy_composition: builds what policies need
books_composition: builds the queries of the books
season_composition: builds what schedules are imported and exported with
season_report: what an import of a schedule did, as JSON
mode_composition: builds what knows the modes of operation
partner_composition: builds what subscriptions of partners need
privacy_composition: builds what privacy needs
identity_composition: builds what users, sign-ins and sessions need
message_composition: builds what sends letters and text messages
web_composition: builds what the web role runs on
settings: the settings, from environment variables
carrier_settings: those of several carriers, from a file
seller_settings: those of tax documents
limit_settings: those of limits of requests and of unpaid seats
mail_settings: those of mail
text_settings: those of text messages
replica_settings: those of the replica
database_address: addresses of databases that may lead to a standby
app_addresses: those of addresses that lead into an app or a web site
operations_settings: those of log lines, traces, metrics and errors
setting_types: types that several groups of settings use
"""
