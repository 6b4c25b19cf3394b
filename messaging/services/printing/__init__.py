"""Printing receipts on network printers.

addresses.py where a printer may be · talking.py what is said to it · rendering.py an order as bytes
· working.py what waits is printed · leasing.py what an agent in a shop is given, agent.py that
agent, agent_server.py the server as it sees it · asking.py what people ask for · reporting.py what
Meituan hears · trouble.py what a person has to see to.
"""
