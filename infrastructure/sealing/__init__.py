"""Personal data as ciphertext: one key a person, wrapped by the master key, destroyed to erase."""
