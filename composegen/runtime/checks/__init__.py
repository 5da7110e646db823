"""The checks of `composegen doctor`, by what they look at."""
