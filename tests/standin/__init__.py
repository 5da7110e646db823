"""A stand-in for watchtower, and the image that the tests' engine knows by its name.

The real image is in none of the registries that a test machine reaches. What the stand-in
does is written down in the facts about watchtower that the project was designed from; it
is a program of its own, and it knows rolling restarts, hooks and the trigger, not
watchtower's other hundred settings.
"""
