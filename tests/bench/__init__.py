"""Ratios measured in one run, against real processes:

`python -m tests.bench --help`. No test asserts a figure.
"""
