"""Tax documents: invoices, credit notes and debit notes of bookings, and their numbers.

lines: lines of a document by tax category, and which of them are credited or debited
parties: the seller and the buyer as a document names them
rates: the value of a currency in riyals, for the tax of sales in other currencies
filing: the documents of one booking, and the buyer who asks for a standard invoice
numbering: gapless numbers and the chain of hashes of all documents of a month
reporting: which documents the tax authority has, and which it still waits for

events: all events and the values they store
state: the states of both streams
rejections: why a decision is rejected

Vocabulary: an *invoice* (type 388) is issued once for a booking, when its tickets are; a *credit
note* (381) takes back a part of it, a *debit note* (383) adds to it; both name the invoice that
they change. *Simplified* documents are for consumers, *standard* ones name a buyer who is
registered for value added tax. A *series* is the documents of one kind in one year.

T1  Numbers of a series have no gap and no repetition; nor has the counter of all documents.
T2  Each document contains the hash of the one before it.
T3  The invoice, plus debit notes, less credit notes of a booking are its price as it is now, and
    their tax is what the booking has on account 2300, to the minor unit.
T4  Amounts in a document are never negative.
T5  A document is a fact: it holds all that it was made of, and is never issued again.
T6  What is stored names no person: a buyer is sealed, and a passenger is not in it.
"""
