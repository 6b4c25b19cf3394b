from delivery.models.accounts import CourierAccount, DeliveryStore, StoreCourier

__all__ = ["CourierAccount", "DeliveryStore", "StoreCourier"]
