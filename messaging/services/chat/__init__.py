"""The verbs of the chat.

arriving.py takes in what the sockets and the push bring · hearing.py serves the listener on the
sockets · connecting.py is the chat's step of binding a store · sending.py owes what the shop writes
· bookkeeping.py keeps the reply clock and what pages poll · closing.py says who may still be
answered · listing.py and searching.py read · rules.py answers without a person · quick_replies.py
fills in texts at hand · presence.py keeps drafts, who is there, and what was read · pictures.py
takes uploads · keys.py knows the same press again · switching.py asks Meituan about a store's chat
· asking.py about its reply rate · secrets.py knows what opens messages · rating.py counts answers
· calling.py prints a slip when nobody looks · forgetting.py removes old content.
"""
