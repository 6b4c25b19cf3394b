"""The API for the merchant's own systems to read and serve ticket orders: `/api/v1/trip/`.

shown.py makes JSON of rows, schema.py describes it for OpenAPI, inputs.py checks requests, views.py
connects them.
"""
