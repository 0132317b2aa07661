"""The migrations: numbered SQL files, `pre` or `post` a deploy, never edited once applied."""
