"""Mail against a real server and the real database."""
