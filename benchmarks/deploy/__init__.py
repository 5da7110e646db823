"""Three ways to replace what runs, under the same load: what each costs the requests."""
