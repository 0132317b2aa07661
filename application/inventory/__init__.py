"""The use cases of flights and their seats: what operations staff schedule and change."""
