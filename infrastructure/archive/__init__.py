"""Archives of the log: ranges of positions in Parquet files, hashed and linked to each other.

event_digest: the hash over the events of a range, and the chain over ranges
manifest: what an archive consists of, and what is refused
recorded: which archives the database knows
live_rows: reads a range of the log in the database
writing: writes ranges of the log into archives
stretches: archives as parts of the log for the replay
detaching: takes partitions whose archives are whole from the database
verifying: compares archives with their hashes, with the database and with the log
"""
