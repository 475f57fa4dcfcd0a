"""Settings of the whole suite."""

import pytest
from hypothesis import settings

settings.register_profile("suite", deadline=None)  # time is measured in benchmarks, never asserted in a test
settings.load_profile("suite")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tells the figures that tests have recorded."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{report.nodeid.partition('::')[2]}: {name}: {value}")
