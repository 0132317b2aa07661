"""Tax documents as the tax authority gets them, and against the schema of UBL."""
