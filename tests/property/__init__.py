"""What must hold for any input: round trips, repetition, and the life of bookings step by step."""
