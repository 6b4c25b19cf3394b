"""The 安心卡: filled in by people every day, saved at Meituan, and given to customers.

rules.py what Meituan would refuse · setting_up.py what the card always says · saving.py one day's
card · saved.py which one was filled in last · asking.py how it stands at Meituan · standing.py what
a person has to do · giving.py our message after an order · forgetting.py. What an order does to its
card stands in services/order_cards.py, which orders and receipts use.
"""
