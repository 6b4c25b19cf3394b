"""Meituan's words for the ticket supplier: what it asks made into frozen dataclasses, how single values are written.

values.py single values · requests.py orders · pulls.py products, prices, places · statuses.py numbers we report.
"""
