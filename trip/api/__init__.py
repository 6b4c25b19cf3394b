"""The merchant's own systems read and serve ticket orders here: `/api/v1/trip/`.

shown.py makes rows into JSON, schema.py describes it for OpenAPI, inputs.py reads what comes in, views.py joins them.
"""
