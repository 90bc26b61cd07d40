"""Benchmarks: what is measured, how, and what the numbers mean is in README.md."""
