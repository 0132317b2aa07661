"""What lives in Postgres beside the log: connections, migrations, outbox, inbox, ticket numbers."""
