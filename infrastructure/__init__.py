"""One package for each outside technology; the only place its SDK is imported."""
