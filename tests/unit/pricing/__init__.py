"""What a journey costs."""
