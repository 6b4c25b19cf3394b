"""What WeChat pushes to us: how a push is opened (opening.py), the addresses (endpoints.py), and
what is done then (handlers.py).
"""
