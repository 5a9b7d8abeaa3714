"""The engines are in an environment of their own."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("dagster_celery") and find_spec("dagster_dask") else ["test_executors.py"]
