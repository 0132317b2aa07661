"""The use cases of tax documents: issue, read, print and report them.

Read `price_changes.py` first: what an event of a booking changes. Then `issue_documents.py`.

price_changes: what the events of a booking change, as drafts of documents
issue_documents: issue the documents that a booking lacks
record_buyer: name the business that wants a standard invoice
read_documents: the documents of a booking, as XML and PDF, and those of a month
report_documents: report documents to the tax authority, and record its answer
ubl: a document as UBL 2.1 XML, and its hash
qr_code: what the QR code of a document contains
ports: what these use cases need from outside
"""
