"""What the demo prints, rendered to text."""
