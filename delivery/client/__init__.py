"""Clients of WeChat: shop.py calls couriers for a mini-program, provider.py gets a service provider
his tokens, ourselves.py plays WeChat towards our own address.
"""
