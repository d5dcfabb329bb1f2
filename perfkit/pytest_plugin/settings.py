"""What the options say."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from perfkit.model import BenchmarkFile

SECONDS = 1.0
BUDGET_S = 30.0
PROFILERS = ("cprofile", "line")


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """Stored timings, and what the user calls them."""

    name: str
    content: BenchmarkFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The options of one run of pytest, checked.

    Attributes
    ----------
    root
        The folder from which the project is looked for.
    workers
        Of pytest-xdist that run tests beside each other; 1 without it.
    skip_inconclusive
        Whether a test whose comparison decides nothing is skipped, and not failed.
    fail_if_slower
        The share by which a test may exceed its stored timing; None for any.
    """

    root: Path
    workers: int = 1
    disabled: bool = False
    seconds: float = SECONDS
    budget_s: float = BUDGET_S
    skip_inconclusive: bool = False
    strict: bool = False
    profilers: tuple[str, ...] = ()
    save: Path | None = None
    against: Against | None = None
    fail_if_slower: float | None = None
    json: Path | None = None

    def undecided(self, sentence: str) -> NoReturn:
        """End the test as the user wants inconclusive ones to end."""
        __tracebackhide__ = True
        if self.skip_inconclusive:
            pytest.skip(f"inconclusive: {sentence}")
        pytest.fail(f"inconclusive: {sentence} (--perfkit-inconclusive=skip skips such tests)", pytrace=False)


def read(config: pytest.Config) -> Settings:
    """Read the options.

    Raises
    ------
    pytest.UsageError
        If one of them makes no sense, or the stored timings cannot be read.
    """
    get = config.getoption
    slower, against, save, json = (
        get(f"--perfkit-{name}") for name in ("fail-if-slower", "against", "save", "json")
    )
    if slower is not None and against is None:
        raise pytest.UsageError("--perfkit-fail-if-slower needs --perfkit-against NAME: slower than what?")
    root = config.rootpath
    return Settings(
        root=root,
        workers=int(getattr(config, "workerinput", {}).get("workercount", 1)),
        disabled=get("--perfkit-disable"),
        seconds=_seconds("--perfkit-seconds", get("--perfkit-seconds"), SECONDS),
        budget_s=_seconds("--perfkit-budget", get("--perfkit-budget"), BUDGET_S),
        skip_inconclusive=get("--perfkit-inconclusive") == "skip",
        strict=get("--perfkit-strict"),
        profilers=_profilers(get("--perfkit-profile")),
        save=None if save is None else place(root, save),
        against=None if against is None else load(root, against),
        fail_if_slower=None if slower is None else _share("--perfkit-fail-if-slower", slower),
        json=None if json is None else config.invocation_params.dir / json,
    )


def place(root: Path, name: str) -> Path:
    """Return where the timings of a name are stored; pytest.UsageError if no file can have it."""
    from perfkit import catalog
    from perfkit.api import benchmarks
    from perfkit.errors import PerfkitError

    try:
        return benchmarks.place(catalog.open_project(root).root / "reports", name)
    except PerfkitError as error:
        raise pytest.UsageError(str(error)) from error


def load(root: Path, name: str) -> Against:
    """Read stored timings by name, or by the path of their file; pytest.UsageError if they are not there."""
    from perfkit.api import benchmarks
    from perfkit.errors import PerfkitError

    by_path = name.endswith(".json") or "/" in name
    file = Path(name) if by_path else place(root, name)
    if not file.is_file():
        more = "" if by_path else ": save some with --perfkit-save " + name
        raise pytest.UsageError(f"there are no stored timings {name!r}, {file} does not exist{more}")
    try:
        return Against(name=name, content=benchmarks.read(file))
    except PerfkitError as error:
        raise pytest.UsageError(str(error)) from error


def _seconds(option: str, text: str | None, default: float) -> float:
    if text is None:
        return default
    try:
        number = float(text.strip().removesuffix("s"))
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise pytest.UsageError(f"{option}: {text!r} is no number of seconds above 0")
    return number


def _share(option: str, text: str) -> float:
    from perfkit.api import benchmarks
    from perfkit.errors import UsageError

    try:
        return benchmarks.share(option, text)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from error


def _profilers(text: str | None) -> tuple[str, ...]:
    if text is None:
        return ()
    names = tuple(dict.fromkeys(one.strip() for one in text.split(",") if one.strip()))
    if not names or not {*names} <= {*PROFILERS}:
        raise pytest.UsageError(
            f"--perfkit-profile: {text!r} is no list of {' and '.join(PROFILERS)}; write it with an equals "
            "sign, --perfkit-profile=cprofile,line, or put it behind the paths of the tests"
        )
    return names
