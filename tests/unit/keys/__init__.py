"""Unit tests of composegen.keys."""
