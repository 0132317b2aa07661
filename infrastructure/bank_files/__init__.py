"""Statements of the bank: CSV, MT940 and camt.053, read into lines of one form.

statement: which form a file has, and what is kept of it
rows: a row of a statement in whatever form, and how an amount is read
csv_rows: a CSV with the columns date, amount, currency and text
mt940_rows: SWIFT MT940
camt_rows: ISO 20022 camt.053
"""
