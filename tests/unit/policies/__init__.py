"""The policy book: publishing by two persons, and the terms that a booking keeps."""
