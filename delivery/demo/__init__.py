"""Delivery's part of the demo: a mini-program with an account at each of five couriers, and the
store from which they fetch.
"""

from delivery.demo.part import DeliveryDemo, info

__all__ = ["DeliveryDemo", "info"]
