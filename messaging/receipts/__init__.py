"""Receipts for ESC/POS printers: pure functions over frozen dataclasses.

orders.py the facts of an order · copies.py the lines of each copy · lines.py kinds of lines and
their rows on a paper · texts.py text that a printer can show · escpos.py rows as bytes · preview.py
rows as text and for pages · sample.py an order to look at.

Labels on paper are Chinese and not translated: they are read in a Chinese shop.
"""
