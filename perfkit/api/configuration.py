"""Add to pyproject.toml, and leave all else in it as its owner wrote it."""

from __future__ import annotations

import copy
import re
import tomllib
from typing import TYPE_CHECKING, Any

from perfkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def with_pipeline(
    content: bytes, name: str, variants: Mapping[str, str | dict[str, Any]], file: Path
) -> tuple[bytes, str]:
    """Return a configuration with one more pipeline, and the lines that say so.

    Parameters
    ----------
    content
        Of pyproject.toml; empty if there is none.
    variants
        By name: a word, or a table.
    file
        Its place, for messages.

    Raises
    ------
    UsageError
        If it is no TOML, or nothing can be added to it.
    """
    try:
        text = content.decode()
        before = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from error
    lines = _lines(name, variants)
    expected = _added(before, name, dict(variants))
    for made in (_edited(text, name, variants), _appended(text, lines)):
        if expected is not None and made is not None and _keeps(text, made) and _read(made) == expected:
            return made.encode(), lines
    raise UsageError(
        f"nothing can be added to tool.perfkit as {file} writes it: write it under a header of its own, "
        "[tool.perfkit], and run perfkit init again"
    )


def _lines(name: str, variants: Mapping[str, str | dict[str, Any]]) -> str:
    """Return a pipeline as TOML, under a header of its own."""
    import tomlkit

    table = tomlkit.table()
    for key, one in variants.items():
        table.add(key, _value(one))
    header = tomlkit.key(["tool", "perfkit", "pipelines", name, "variants"]).as_string()
    return f"[{header}]\n{table.as_string()}"


def _value(given: str | dict[str, Any]) -> Any:
    import tomlkit

    if isinstance(given, str):
        return tomlkit.string(given)
    table = tomlkit.inline_table()
    table.update(given)
    return tomlkit.parse(f"value = {{ {table.as_string()[1:-1]} }}")["value"]  # with the usual spaces


def _edited(text: str, name: str, variants: Mapping[str, str | dict[str, Any]]) -> str | None:
    """Return the text with the pipeline beside those that are there; None where that does not go well."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    if "perfkit" not in text:
        return None  # it goes to the end
    try:
        document = tomlkit.parse(text)
        found: Any = document
        for key in ("tool", "perfkit", "pipelines", name):
            if key not in found:
                found[key] = tomlkit.table(is_super_table=True)
            found = found[key]
        table = tomlkit.table()
        for key, one in variants.items():
            table.add(key, _value(one))
        table.add(tomlkit.nl())
        found["variants"] = table
        made = tomlkit.dumps(document)
        made = made.rstrip("\n") + "\n" if made.endswith(table.as_string()) else made
    except (TOMLKitError, TypeError, AttributeError, KeyError, ValueError):
        return None  # an inline table, or tables out of order
    return re.sub(r"(?<!\r)\n", "\r\n", made) if "\r\n" in text else made


def _appended(text: str, lines: str) -> str:
    end = "\r\n" if "\r\n" in text else "\n"
    gap = "" if not text else end if text.endswith("\n") else end + end
    return text + gap + lines.replace("\n", end)


def _keeps(text: str, made: str) -> bool:
    """Tell whether every line of a text is in another, in the same order."""
    left = iter(made.splitlines())
    return all(line in left for line in text.splitlines())


def _read(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _added(before: dict[str, Any], name: str, variants: dict[str, Any]) -> dict[str, Any] | None:
    made = copy.deepcopy(before)
    found: Any = made
    for key in ("tool", "perfkit", "pipelines", name):
        if not isinstance(found, dict):
            return None
        found = found.setdefault(key, {})
    if not isinstance(found, dict):
        return None
    found["variants"] = variants
    return made
