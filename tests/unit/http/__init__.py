"""The HTTP edge through its ASGI application, with no database and no Redis."""
