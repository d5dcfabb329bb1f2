"""perfkit for pytest: a fixture and a marker ``perfkit``, and the options ``--perfkit-*``.

This module is loaded by every run of pytest where perfkit is installed, so it imports nothing but pytest: all
else is loaded by the first test that uses the fixture, or by an option that needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from perfkit.pytest_plugin.fixture import Perfkit

NAME = "perfkit"
_MARKER = (
    "perfkit(baseline, make_inputs, target, pairs, budget, rtol, verify, parameters, seconds): how the "
    "fixture perfkit times the test's function, and with which callable it compares it in fresh processes"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup(NAME, "perfkit: time functions, and prove speedups")
    add = group.addoption
    add("--perfkit-disable", action="store_true", help="Call each function once, and time nothing.")
    add("--perfkit-seconds", metavar="SECONDS", help="How long each function is timed in this process (1).")
    add("--perfkit-budget", metavar="SECONDS", help="For each comparison in fresh paired processes (30).")
    add(
        "--perfkit-inconclusive",
        choices=("fail", "skip"),
        default="fail",
        help="What becomes of a test whose comparison decides nothing: it never passes.",
    )
    add(
        "--perfkit-strict",
        action="store_true",
        help="Fail what cannot be timed beside parallel workers, instead of skipping it.",
    )
    add(
        "--perfkit-profile",
        nargs="?",
        const="cprofile",
        metavar="PROFILERS",
        help="Leave profiles of what is timed: cprofile, line, or both with a comma.",
    )
    add("--perfkit-save", metavar="NAME", help="Store the timings of this run in reports/pytest/NAME.json.")
    add(
        "--perfkit-against",
        metavar="NAME",
        help="Show stored timings, or a file of pytest-benchmark's, beside those of this run; not paired.",
    )
    add(
        "--perfkit-fail-if-slower",
        metavar="PERCENT",
        help="Fail a test that takes so much longer than in --perfkit-against, such as 20%%; not paired.",
    )
    add("--perfkit-json", metavar="FILE", help="Write all that was measured as JSON.")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, check the options, and have someone gather what tests measure."""
    from perfkit.pytest_plugin.gathering import Gathering
    from perfkit.pytest_plugin.settings import read

    config.addinivalue_line("markers", _MARKER)
    config.pluginmanager.register(Gathering(config, read(config)), "perfkit-gathering")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a marked test that does not use the fixture: its marker would do nothing."""
    if item.get_closest_marker(NAME) is not None and NAME not in getattr(item, "fixturenames", (NAME,)):
        pytest.fail(
            f"{item.name} is marked with perfkit but times nothing: take the fixture perfkit and call it, "
            "as in perfkit(function, argument)",
            pytrace=False,
        )


@pytest.fixture
def perfkit(request: pytest.FixtureRequest) -> Generator[Perfkit, Any, None]:
    """Time functions in this process, and compare callables in fresh paired ones."""
    from perfkit.pytest_plugin.fixture import begin

    yield from begin(request)
