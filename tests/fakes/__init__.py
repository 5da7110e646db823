"""Stand-ins for what tests do not want to run."""
