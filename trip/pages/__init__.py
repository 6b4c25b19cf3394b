"""Pages of trip: calendar.py is prices and stock, day by day · drill.py starts and shows the acceptance drill, of which
drill_report.py makes something to read · pictures.py shows a voucher's QR code to the buyer."""
