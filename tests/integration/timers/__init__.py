"""What happens when time passes: holds lapse, money comes late, outcomes stay open."""
