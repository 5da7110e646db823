"""The passes of the compiler, from text to a checked stack."""
