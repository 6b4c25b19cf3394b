"""The API for the merchant's own systems to verify coupons: `/api/v1/`.

serializers.py declares what comes in and goes out, schema.py describes the routes for OpenAPI,
views.py connects both with the services.
"""
