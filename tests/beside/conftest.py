"""Libraries that bring a tracer provider of their own; `scripts/test-libraries tracing` runs these tests."""

import os

collect_ignore_glob = [] if "TEST_BESIDE" in os.environ else ["test_*.py"]
