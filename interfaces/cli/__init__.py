"""The verbs of the `ais` command, one module each; `main` lists them and imports them lazily."""
