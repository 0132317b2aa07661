"""Delivers letters.

file_mailbox: a folder with one `.eml` file for each letter
"""
