"""What is raised where a schedule or its zone cannot be taken."""


class InvalidSchedule(Exception):
    """Says why a schedule cannot be taken, with the value and the way out."""
