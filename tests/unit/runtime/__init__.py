"""Tests of what talks to the engine."""
