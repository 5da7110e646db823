"""Unit tests of the runner: its awk programs, its lock, its arguments; no engine."""
