"""Sends text messages.

file_outbox: a folder with one file for each message, for the demo
http_gateway: hands messages to a provider over HTTPS
sent_texts: the table of messages that a provider has
"""
