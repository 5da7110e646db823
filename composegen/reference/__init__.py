"""What the declarations say, for people and programs: `explain`, the reference pages, the schema.

KEYS, SETTINGS and CODES are the only sources; nothing is written about a key twice.
"""
