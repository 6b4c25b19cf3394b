"""WeChat instant delivery: makes bodies of calls, and parses answers and pushes into frozen
dataclasses.

answers.py the two layers of an answer · orders.py an order and what a courier says of it ·
bindings.py couriers and their accounts · events.py pushes about orders · providers.py what WeChat
tells service providers, and tokens · waybill.py what may follow what · couriers.py what is known of
each · categories.py kinds of goods · refusals.py what couriers mean by their words.
"""
