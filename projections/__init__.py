"""Read models: one package each, rebuilt from the log at any time."""
