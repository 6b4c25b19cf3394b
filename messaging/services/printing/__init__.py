"""Printing receipts on network printers.

addresses.py where a printer may be · talking.py what is said to it · rendering.py an order as bytes
· working.py what waits is printed · asking.py what people ask for · reporting.py what Meituan hears
· trouble.py what a person has to see to.
"""
