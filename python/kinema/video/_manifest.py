"""Tables that name videos: CSV, JSON lines, or rows that are in memory already."""

import csv
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kinema.errors import DataError, VideoNotFoundError

Table = str | os.PathLike[str] | Iterable[Mapping[str, Any]]

_JSON_ENDINGS = (".jsonl", ".ndjson", ".json")


@dataclass(frozen=True)
class Row:
    """One row of a manifest.

    Args:
        place: Where it stands, as sentences about it begin.
        values: What it says, by column.
    """

    place: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Manifest:
    """The rows of a table, and its columns in order."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Row]

    def require(self, column: str, argument: str, what: str) -> str:
        """The column's name, if there is one of this name."""
        if column not in self.columns:
            raise DataError(
                f"{self.name} has no column {column!r}: its first line names {list(self.columns)}. "
                f"Name the column of {what} with {argument}=."
            )
        return column


def read_manifest(table: Table, root: Path) -> Manifest:
    """The rows of a CSV (or TSV), of JSON lines, or of an iterable of dicts."""
    if not isinstance(table, (str, os.PathLike)):
        return _from_rows(table)
    path = Path(table)
    if not path.is_file():
        near = f" Did you mean {str(root / path)!r}?" if (root / path).is_file() else ""
        raise VideoNotFoundError(f"There is no table of labels {str(path)!r}.{near}")
    return _from_json(path) if path.suffix.lower() in _JSON_ENDINGS else _from_csv(path)


def is_missing(value: Any) -> bool:
    """Whether a cell says nothing."""
    return value is None or value == ""


def _from_csv(path: Path) -> Manifest:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
        columns = list(reader.fieldnames or [])
        rows = [Row(f"Line {reader.line_num} of {str(path)!r}", row) for row in reader]
    for row in rows:
        if None in row.values:
            raise DataError(f"{row.place} has more fields than the first line names: put quotes around commas.")
    return Manifest(repr(str(path)), columns, rows)


def _from_json(path: Path) -> Manifest:
    rows = []
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                place = f"Line {number} of {str(path)!r}"
                try:
                    values = json.loads(line)
                except ValueError as error:
                    raise DataError(f"{place} is not JSON ({error}): every line holds one object.") from error
                rows.append(_checked(place, values))
    return Manifest(repr(str(path)), _columns(rows), rows)


def _from_rows(table: Iterable[Mapping[str, Any]]) -> Manifest:
    rows = [_checked(f"Row {number} of labels", values) for number, values in enumerate(table)]
    return Manifest("labels", _columns(rows), rows)


def _checked(place: str, values: Any) -> Row:
    if not isinstance(values, Mapping):
        raise DataError(f'{place} is {values!r}, not an object such as {{"path": "a.mp4", "label": "walk"}}.')
    return Row(place, values)


def _columns(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(column for row in rows for column in row.values))
