"""How Sphinx builds the documentation: `make docs`."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "dagster-openai-otel"
author = "The dagster-openai-otel authors"
project_copyright = author
version = release = version_of("dagster-openai-otel")

extensions = ["myst_parser", "names_reference"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"{project} {version}"
html_static_path = ["_static"]
