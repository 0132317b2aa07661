"""Parquet files, by pyarrow: an optional extra, as it is larger than all other dependencies.

row_file: writes pages of rows into one file
"""
