"""What talks to the engine: observing it, and the checks of doctor."""
