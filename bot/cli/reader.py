"""Whoever reads what the program prints."""

import signal


def end_with_the_reader() -> None:
    """Lets the program end quietly when whoever reads its output leaves, as `| head` does."""
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
