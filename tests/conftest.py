"""Settings of the whole suite."""

from hypothesis import settings

settings.register_profile("suite", deadline=None)  # time is measured in benchmarks, never asserted in a test
settings.load_profile("suite")
