"""Makes the shared models importable by a name of their own."""

import importlib.util
import sys
from pathlib import Path

_spec = importlib.util.spec_from_file_location("saving_models", Path(__file__).with_name("models.py"))
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
sys.modules["saving_models"] = _module
_spec.loader.exec_module(_module)
