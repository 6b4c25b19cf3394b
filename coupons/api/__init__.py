"""The merchant's own systems verify coupons here: `/api/v1/`.

shown.py makes rows into JSON, schema.py describes it for OpenAPI, inputs.py reads what comes in, views.py joins them.
"""
