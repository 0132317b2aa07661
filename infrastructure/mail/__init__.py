"""Delivers letters.

bounce_reports: the reports of letters that came back, in a Maildir
bounces: the table of letters that came back
file_mailbox: a folder with one `.eml` file for each letter
html_page: the HTML page of a letter
smtp_mailer: hands letters to a server, always encrypted
"""
