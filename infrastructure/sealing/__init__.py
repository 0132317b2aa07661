"""Personal data as ciphertext: one key for each person, wrapped by the master key, deleted to
erase the person's data.

vault: seals and opens values (AES-256-GCM) under the key of a data subject
master_key: the master keys and the secrets derived from them
search_index: keyed hashes by which staff find bookings
blind_index: a keyed hash that finds an e-mail address without storing it
"""
