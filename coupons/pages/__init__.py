"""Pages of coupons: the guest's page behind a QR code, its poster, and many codes at once.

visits.py recognises a guest and signs addresses · guest.py leads the guest from number to result ·
ageing.py says how old the result is ·
poster.py prints the QR code · batches.py is for staff.
"""
