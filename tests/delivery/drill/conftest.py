from tests.delivery.doctor.conftest import shop

__all__ = ["shop"]
