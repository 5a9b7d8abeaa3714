"""The engines are in an environment of their own."""

from importlib.util import find_spec

ENGINES = find_spec("dagster_celery") and find_spec("dagster_dask")
collect_ignore = [] if ENGINES else ["test_executors.py", "test_one_trace.py"]
