"""Benchmarks: what the product costs beside what a user would pick instead, in the same run."""
