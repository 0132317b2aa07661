"""What the documents say is run against the real thing."""
