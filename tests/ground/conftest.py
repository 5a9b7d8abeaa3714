"""A busy machine says nothing of the code: no property test fails by the clock, and none takes long."""

from hypothesis import settings

settings.register_profile("without a clock", deadline=None, max_examples=50)
settings.load_profile("without a clock")
