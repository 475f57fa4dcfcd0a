"""The terminal: the reference platform, for people and for pipes."""
