"""Meituan's side of tickets (门票): calls partners as buyers would, takes their notices. Shares no code with our side.

Notices arrive below `<sandbox>/trip/rhone/mtp/api`. Everything else goes through JSON control routes below
`/_control/trip/`; prices are yuan, times Beijing time, order ids 15 digits.

partners                        GET all; POST {"partner_id", "client_id", "client_secret", "endpoints": {"create": url}}
partners/<id>/heartbeat|balance|products|prices|pois|audit
                                POST the same words as the message's body; answers the exchange. products without a body
                                pulls the first page; balance takes {"partnerDealIds"}; prices {"partnerDealId",
                                "startTime", "endTime"}
partners/<id>/send              POST {"operation", "message" (whole envelope) or "raw" (text)}: garbage on purpose
settings                        GET, POST: see settings.py (notices answered 300 "处理中" or refused; patience)
orders                          GET all; POST {"partner_id", "partner_deal_id", "quantity"?, "travel_date"?,
                                "visitors"?, "unit_price"?, "buy_price"?, "total_price"?, "order_id"?, "send"?,
                                "pay"?}. Prices and visitors that are not given are found by pulling the
                                product. "send": false only writes the order down (so that pay can come before
                                create); "pay": true pays at once
orders/<id>                     GET Meituan's own view of it
orders/<id>/create|pay|query    POST {}: the call, again if need be
orders/<id>/poll                POST {"seconds"?: 60, "every"?: 1}: queries until issued, failed or out of time
orders/<id>/refunds             POST {"quantity"?, "vouchers"?, "refund_id"?, "price"?, "fee"?}: by default all
orders/<id>/refunds/<refundId>  POST {}: asks the same again
orders/<id>/refunded            POST {"type", "vouchers"?, "count"?, "serial"?, "reason"?}: already-refunded message
orders/<id>/close               POST {"type": 1 | 2 | 3}
orders/<id>/notices             GET what the partner has sent about it, in order
orders/<id>/log                 GET every exchange about it
orders/<id>/compare             GET {"agree", "differences"}: asks the partner and compares with Meituan's own view
log, notices                    GET everything, oldest first

A call's body may say how to make it: "times" (one after the other), "at_once" (that many threads together), "drop" (the
connection is cut before the answer is read; Meituan knows only what it learns later), "signature" (good, garbled,
wrong_secret, foreign_client, bare), "clock" (seconds ahead), "date", "without" (header names), "partner_header".
A call answers {"order": view, "exchanges": [{"request", "answer", "code", "status", "ms", "error", …}]}.
"""

from .platform import MeituanTripSandbox

__all__ = ["MeituanTripSandbox"]
