"""The use cases of a booking: create, confirm, expire, release its hold, send the confirmation."""
