"""What must hold for any input: round trips, repetition, and the whole road step by step."""
