"""`python -m dagster_openai_otel.cli.loading`: load definitions, and write what is found to a descriptor."""

import json
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from dagster_openai_otel.settings import VARIABLES, Settings, settle

# modules of others that instrument openai, and the class there which says whether it does
_OTHERS = {
    "OpenInference": ("openinference.instrumentation.openai", "OpenAIInstrumentor"),
    "OpenTelemetry's instrumentation-openai-v2": (
        "opentelemetry.instrumentation.openai_v2",
        "OpenAIInstrumentor",
    ),
    "OpenTelemetry's instrumentation-genai-openai": (
        "opentelemetry.instrumentation.genai.openai",
        "OpenAIInstrumentor",
    ),
}
_MODULES = {"Langfuse's openai": "langfuse.openai", "Traceloop's SDK": "traceloop.sdk"}
_TRACELOOP = ("opentelemetry.instrumentation.openai", "OpenAIInstrumentor")


def load(kind: str, name: str) -> ModuleType:
    """Load a module or a file, as Dagster does: with the current folder on the path."""
    sys.path.insert(0, str(Path.cwd()))
    if kind == "module":
        return import_module(name)
    sys.path.insert(0, str(Path(name).absolute().parent))
    spec = spec_from_file_location(Path(name).stem, name)
    if spec is None or spec.loader is None:
        message = f"{name} is no file of Python"
        raise ImportError(message)
    module = sys.modules[Path(name).stem] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _load_lazily(module: ModuleType) -> None:
    """Definitions that a decorated function makes are made when Dagster calls it."""
    for value in list(vars(module).values()):
        if type(value).__name__ == "LazyDefinitions" and not value.has_context_arg:
            value()


def found() -> dict[str, Any]:
    """What this process shows, once the definitions are loaded."""
    from dagster_openai_otel.steps.upstream import NAMES  # noqa: PLC0415  # the definitions come first
    from dagster_openai_otel.wiring import in_effect  # noqa: PLC0415  # as above

    settings = in_effect()
    return {
        "settings": None if settings is None else _sources(settings),
        "places": {
            f"{name.module}.{name.name}": {"found": name.load() is not None, "without": name.without}
            for name in NAMES
        },
        "others": _others(by_us=settings is not None and settings.call_spans != "off"),
        "dagster_openai": "dagster_openai" in sys.modules,
    }


def _sources(settings: Settings) -> Mapping[str, tuple[Any, str]]:
    """Each setting that has a variable, and where its value is from."""
    defaults = Settings()
    sources = {}
    for name in VARIABLES:
        value, given = getattr(settings, name), settle(name, {})
        if given is not None and value == given:
            source = f"from {VARIABLES[name]}"
        else:
            source = "default" if value == getattr(defaults, name) else "from instrument()"
        sources[name] = (list(value) if name == "prices" else value, source)
    return sources


def _others(*, by_us: bool) -> list[str]:
    instrumentors = _OTHERS if by_us else {**_OTHERS, "Traceloop's instrumentation": _TRACELOOP}
    found = [name for name, place in instrumentors.items() if _instruments(*place)]
    return [*found, *(name for name, module in _MODULES.items() if module in sys.modules)]


def _instruments(module: str, kind: str) -> bool:
    if module not in sys.modules:
        return False
    instrumentor = getattr(sys.modules[module], kind, None)
    return instrumentor is not None and bool(instrumentor().is_instrumented_by_opentelemetry)


def main() -> None:
    """Load what the command line names."""
    kind, name, descriptor = sys.argv[1:]
    _load_lazily(load(kind, name))
    with os.fdopen(int(descriptor), "w") as report:
        json.dump(found(), report, default=str)


if __name__ == "__main__":
    main()
