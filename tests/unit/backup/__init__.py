"""Files and manifests of backups, without a database."""
