"""Rewrites the part of a document that stands between two comments."""

from __future__ import annotations

from pathlib import Path

BENCHMARKS = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def rewrite(name: str, text: str, document: Path = BENCHMARKS) -> None:
    """Puts `text` between `<!-- NAME: begin -->` and `<!-- NAME: end -->`."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    whole = document.read_text()
    if whole.count(begin) != 1 or whole.count(end) != 1:
        raise ValueError(f"{document} must hold {begin} and {end}, once each")
    before, _, rest = whole.partition(begin)
    _, _, after = rest.partition(end)
    document.write_text(f"{before}{begin}\n{text.strip()}\n{end}{after}")
