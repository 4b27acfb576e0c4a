"""Makes the shared models importable by names of their own."""

import importlib.util
import sys
from pathlib import Path

for _file in ("models", "subclasses"):
    _spec = importlib.util.spec_from_file_location(f"saving_{_file}", Path(__file__).with_name(f"{_file}.py"))
    assert _spec is not None
    assert _spec.loader is not None
    _module = importlib.util.module_from_spec(_spec)
    sys.modules[f"saving_{_file}"] = _module
    _spec.loader.exec_module(_module)
