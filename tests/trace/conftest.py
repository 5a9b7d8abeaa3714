from tests.steps.conftest import instance, shared_instance

__all__ = ["instance", "shared_instance"]
