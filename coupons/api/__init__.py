"""The API for the merchant's own systems to verify coupons: `/api/v1/`.

shown.py makes JSON of rows, schema.py describes it for OpenAPI, inputs.py checks requests, views.py
connects them.
"""
