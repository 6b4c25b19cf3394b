"""What Meituan pushes to us: an address for each event (endpoints.py), and what is done then
(handlers.py).
"""
