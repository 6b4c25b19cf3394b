"""The API for the merchant's own systems to read and serve ticket orders: `/api/v1/trip/`.

serializers.py declares what comes in and goes out, schema.py describes the routes for OpenAPI,
views.py connects both with the services.
"""
