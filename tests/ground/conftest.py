"""A busy machine is slow, which says nothing of the code: no property test fails by the clock."""

from hypothesis import settings

settings.register_profile("without a clock", deadline=None)
settings.load_profile("without a clock")
