"""Parquet files, by pyarrow: an optional extra, as it is larger than all other dependencies.

row_file: writes pages of rows of the books into one file
event_file: writes and reads events of the log
"""
