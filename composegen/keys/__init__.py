"""What users write: keys, settings, and the types of their values."""
