"""What all contexts share.

events: the root of all stored events
entries: balanced double entries
money: integers of minor units with their currency
ids: streams, record locators, ticket numbers, command and event ids
document_numbers: numbers of the documents of extras
sealed: personal data as ciphertext
rejections: the root of all rejections
fold: the state of a stream from its events
frozen_map: an immutable map with cheap updates
"""
