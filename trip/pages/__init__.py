"""Pages of trip: calendar.py edits prices and stock by day · drill.py starts and shows the
acceptance drill · drill_report.py makes the drill's results readable · pictures.py shows a
voucher's QR code to the buyer.
"""
