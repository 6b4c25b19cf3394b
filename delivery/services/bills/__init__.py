"""Bills of couriers, compared with what the couriers had answered.

reading.py makes rows of a file (xlsx.py of a sheet) · columns.py knows which column is which, and
reads amounts · matching.py compares, and knows no database · importing.py does it all for a store.
"""
