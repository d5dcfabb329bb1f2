"""Gather what tests measured, from workers too, and say it at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from perfkit.pytest_plugin.found import Found
    from perfkit.pytest_plugin.settings import Settings

PLUGIN = "perfkit-gathering"


FOUND: pytest.StashKey[Found] = pytest.StashKey()
PASSED: pytest.StashKey[bool] = pytest.StashKey()


class Gathering:
    """Attaches what a test measured to its report, which travels from workers, and reads it from there.

    Attributes
    ----------
    settings
        The options.
    """

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self.settings = settings
        self._config = config
        self._raw: list[tuple[bool, Any]] = []
        self._saying: list[str] = []

    @staticmethod
    def of(config: pytest.Config) -> Gathering:
        """Return the one of this run."""
        found = config.pluginmanager.get_plugin(PLUGIN)
        assert isinstance(found, Gathering)  # noqa: S101  the plugin registers it first
        return found

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Attach what the test measured."""
        report = yield
        if call.when == "call" and (found := item.stash.get(FOUND, None)) is not None:
            item.stash[PASSED] = report.passed
            if not found:
                return report
            import msgspec

            report.perfkit = msgspec.to_builtins(found)  # type: ignore[attr-defined]
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what a test measured, wherever it ran."""
        found = getattr(report, "perfkit", None)
        if found is not None:
            self._raw.append((report.passed, found))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write what was asked for; not in a worker, whose reports go to the main process."""
        settings = self.settings
        if hasattr(self._config, "workerinput") or not (settings.save or settings.json):
            return
        from perfkit.errors import PerfkitError
        from perfkit.pytest_plugin import files

        try:
            self._saying = files.write(settings, self._found())
        except PerfkitError as error:
            self._saying = [f"ERROR: {error}"]
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was measured, if anything was."""
        wrong = [one for one in self._saying if one.startswith("ERROR")]
        quiet = self._config.get_verbosity() < 0
        if wrong or (not quiet and (self._raw or self._saying)):
            from perfkit.pytest_plugin import summary

            found = [] if quiet else [one for _, one in self._found()]
            summary.say(terminalreporter, self.settings, found, wrong if quiet else self._saying)

    def _found(self) -> list[tuple[bool, Found]]:
        """Return what was measured, test by test, with whether the test passed."""
        import msgspec

        from perfkit.pytest_plugin.found import Found

        return [(passed, msgspec.convert(one, Found)) for passed, one in self._raw]
