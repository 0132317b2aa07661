"""Flights that can be searched: per cabin, its fare and its seats. Read by search and by the
flight pages; may lag behind the log by a second, because holding seats decides on the log itself.
"""
