"""Backups of the database: taken, verified and restored; every file is encrypted.

backup_keys: the keys that encrypt backups, apart from all keys of the product
sealed_file: encrypts a stream into a file, and reads it back only if nothing was changed
manifest: what a backup consists of, authenticated as a whole
programs: runs the backup programs of PostgreSQL
figures: what a log contains, in figures that two databases can be compared by
dumps: the logical backup of log and key store, in two folders
cluster_copy: the physical backup, and how it is unpacked
wal_archive: keeps the write-ahead log, for points in time
checking: reads every byte of a backup, without a database
erasure_list: erased persons, whom no restored backup brings back
scratch: a cluster of its own for a restored backup
afterwards: what a restored log needs before it serves
restoring: restores a backup and compares what came of it
retention: deletes what is older than erased keys may be kept
"""
