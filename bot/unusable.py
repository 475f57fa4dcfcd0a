"""What ends the program for its operator."""


class Unusable(Exception):
    """Says, in a line for each reason, what cannot be used, and the way out."""
