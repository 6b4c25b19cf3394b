"""Meituan's protocol for ticket suppliers: parses its calls into frozen dataclasses and formats
single values.

values.py single values · requests.py orders · pulls.py products, prices, places · statuses.py
numbers that we report.
"""
