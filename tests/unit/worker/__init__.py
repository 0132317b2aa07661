"""What worker and scheduler decide by themselves."""
