"""The 安心卡: filled in by people every day, saved at Meituan, and given to customers.

rules.py what Meituan would refuse · setting_up.py what the card always says · saving.py one day's
card · saved.py which one was saved · asking.py how it stands at Meituan · standing.py what a person
has to do · owing.py what an order does · giving.py our message · forgetting.py.
"""
