"""Meituan's side of tickets (门票): calls partners as buyers do and receives their notices.

It shares no code with our side. Notices arrive at `<sandbox>/trip/rhone/mtp/api/…`. All other
actions are JSON control routes at `/_control/trip/…`; prices are yuan, times Beijing time, order
ids 15 digits.

partners
    GET all; POST {"partner_id", "client_id", "client_secret", "endpoints": {"create": url}}
partners/<id>/heartbeat|balance|products|prices|pois|audit
    POST the fields of the message's body; answers the exchange. products without a body pulls the
    first page; balance takes {"partnerDealIds"}; prices {"partnerDealId", "startTime", "endTime"}
partners/<id>/send
    POST {"operation", "message" (whole envelope) or "raw" (text)}: invalid messages on purpose
settings
    GET, POST: see settings.py (notices answered 300 "处理中" or refused; patience)
orders
    GET all; POST {"partner_id", "partner_deal_id", "quantity"?, "travel_date"?, "visitors"?,
    "unit_price"?, "buy_price"?, "total_price"?, "order_id"?, "send"?, "pay"?}. Prices and visitors
    that are not given come from the product pull. "send": false only stores the order (so that pay
    can come before create); "pay": true pays at once
orders/<id>
    GET Meituan's own view of the order
orders/<id>/create|pay|query
    POST {}: makes the call, also repeatedly
orders/<id>/poll
    POST {"seconds"?: 60, "every"?: 1}: queries until issued, failed or out of time
orders/<id>/refunds
    POST {"quantity"?, "vouchers"?, "refund_id"?, "price"?, "fee"?}: by default all tickets
orders/<id>/refunds/<refundId>
    POST {}: repeats the application
orders/<id>/refunded
    POST {"type", "vouchers"?, "count"?, "serial"?, "reason"?}: already-refunded message
orders/<id>/close
    POST {"type": 1 | 2 | 3}
orders/<id>/notices
    GET the partner's notices about the order, in order of arrival
orders/<id>/log
    GET every exchange about the order
orders/<id>/compare
    GET {"agree", "differences"}: queries the partner and compares with Meituan's own view
log, notices
    GET everything, oldest first

The body of a call may have "times" (calls one after the other), "at_once" (calls from as many
threads together), "drop" (cuts the connection before the answer is read; Meituan knows only what it
learns later), "signature" (good, garbled, wrong_secret, foreign_client, bare), "clock" (seconds
ahead), "date", "without" (header names), "partner_header".
A call answers {"order": view, "exchanges": [{"request", "answer", "code", "status", "ms", …}]}.
"""

from .platform import MeituanTripSandbox

__all__ = ["MeituanTripSandbox"]
