"""Meituan's takeaway protocol: parses answers and pushes into frozen dataclasses.

answers.py what calls return · values.py single values · orders.py orders and their money ·
refunds.py · messages.py chat · cards.py 安心卡.
"""
