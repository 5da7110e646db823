"""Writing: YAML, seals, files, and what is copied as it is."""
