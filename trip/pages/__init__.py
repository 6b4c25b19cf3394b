"""Pages of trip: pictures.py shows a voucher's QR code to the buyer · calendar/ is prices and stock, day by day."""
