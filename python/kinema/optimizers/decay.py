"""Which variables weight decay spares."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kinema.tensor import Variable


class Undecayed:
    """The variables that weight decay leaves alone.

    Args:
        variables: Variables themselves.
        patterns: Regular expressions that are looked for in variables' names.
    """

    def __init__(self, variables: Iterable[Variable], patterns: Iterable[str]) -> None:
        self._variables = list(variables)
        self._patterns = [re.compile(pattern) for pattern in patterns]

    def has(self, variable: Variable) -> bool:
        """Whether a variable is one of them."""
        return any(variable is each for each in self._variables) or any(
            pattern.search(variable.name) for pattern in self._patterns
        )
