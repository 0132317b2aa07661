"""Calendar files by the package `icalendar`; the only place that imports it.

writer: the flights of a booking as RFC 5545 says, in Arabic and English
"""
