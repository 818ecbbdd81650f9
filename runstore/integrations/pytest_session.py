"""One session of pytest while it is recorded; see `pytest_plugin`."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pytest

from runstore.errors import RunstoreError
from runstore.media.table import Table
from runstore.recording.start import init

if TYPE_CHECKING:
    from runstore.recording.run import Run

_SLOWEST: Final = 50
_LONGEST_TEXT: Final = 20_000
_WORST_FIRST: Final = ("error", "failed", "xpassed", "rerun", "xfailed", "skipped", "passed")
_SETTINGS: Final = {"console": "off", "quiet": True, "show_info": False}


@dataclass(slots=True)
class Test:
    """A test so far: the seconds of its phases, and the worst that they came to."""

    __test__ = False
    phases: dict[str, float] = field(default_factory=dict)
    outcome: str = ""

    @property
    def duration(self) -> float:
        return sum(self.phases.values())

    def add(self, report: pytest.TestReport, outcome: str) -> None:
        self.phases[report.when] = self.phases.get(report.when, 0.0) + report.duration
        if outcome and (not self.outcome or _rank(outcome) < _rank(self.outcome)):
            self.outcome = outcome


class SessionRecorder:
    """A plugin of pytest that records the session which it is registered for. `run` is None before that begins."""

    def __init__(self, config: pytest.Config, project: str) -> None:
        self.run: Run | None = None
        self._config = config
        self._project = project
        self._began = time.monotonic()
        self._counts: Counter[str] = Counter()
        self._running: dict[str, Test] = {}
        self._tests: dict[str, Test] = {}
        self._failures: list[list[Any]] = []

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        try:
            self.run = init(
                project=self._project,
                job_type="pytest",
                config=_inputs(self._config),
                reinit="create_new",
                settings=_SETTINGS,
            )
        except RunstoreError as error:
            raise pytest.UsageError(f"--runstore: {error}") from None
        self.run.define_metric("duration", summary="none")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        outcome = str(self._config.hook.pytest_report_teststatus(report=report, config=self._config)[0])
        test = self._running.setdefault(report.nodeid, Test())
        test.add(report, outcome)
        if outcome in ("failed", "error"):
            self._failures.append([report.nodeid, report.when, outcome, _text(report)])
        if report.when not in ("setup", "call"):  # A test of a worker that died has no teardown, but a "???".
            self._conclude(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._counts["error"] += 1
            self._failures.append([report.nodeid, "collect", "error", _text(report)])

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int | pytest.ExitCode) -> None:
        if self.run is None:
            return
        for name in list(self._running):
            self._conclude(name)
        if self._tests:
            self.run.log({"slowest": self._slowest()}, commit=not self._failures)
        if self._failures:
            self.run.log({"failures": Table(["test", "when", "outcome", "text"], self._failures)})
        seconds = time.monotonic() - self._began
        counts = dict(self._counts) | {"tests": len(self._tests), "exit_status": int(exitstatus)}
        self.run.summary.update({**counts, "seconds": round(seconds, 3)})
        self.run.finish(exit_code=int(exitstatus))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.run is not None:
            terminalreporter.write_line(f"runstore: run {self.run.name} ({self.run.path})")

    def _conclude(self, name: str) -> None:
        """The row of a test that is over."""
        test = self._running.pop(name)
        self._tests[name] = test
        outcome = test.outcome or "passed"
        self._counts[outcome] += 1
        if self.run is not None:
            counts = {each: self._counts[each] for each in ("passed", "failed", "skipped", "error")}
            self.run.log({"test": name, "outcome": outcome, "duration": round(test.duration, 6), **counts})

    def _slowest(self) -> Table:
        found = sorted(self._tests.items(), key=lambda each: (-each[1].duration, each[0]))[:_SLOWEST]
        phases = ("setup", "call", "teardown")
        rows = [
            [name, test.outcome or "passed", *(round(seconds, 6) for seconds in (test.duration, *_of(test, phases)))]
            for name, test in found
        ]
        return Table(["test", "outcome", "seconds", *phases], rows)


def _of(test: Test, phases: tuple[str, ...]) -> list[float]:
    return [test.phases.get(phase, 0.0) for phase in phases]


def _rank(outcome: str) -> int:
    return _WORST_FIRST.index(outcome) if outcome in _WORST_FIRST else len(_WORST_FIRST)


def _text(report: pytest.TestReport | pytest.CollectReport) -> str:
    text = report.longreprtext
    if len(text) <= _LONGEST_TEXT:
        return text
    return f"{text[: _LONGEST_TEXT // 2]}\n[…]\n{text[-_LONGEST_TEXT // 2 :]}"


def _inputs(config: pytest.Config) -> dict[str, Any]:
    """What was asked of pytest, and which versions of it and its plugins answered."""
    plugins = {info.project_name: info.version for _, info in config.pluginmanager.list_plugin_distinfo()}
    asked = {"markexpr": config.getoption("markexpr", ""), "keyword": config.getoption("keyword", "")}
    return {
        "pytest": pytest.__version__,
        "args": [str(each) for each in config.invocation_params.args],
        "plugins": plugins,
        "workers": config.getoption("numprocesses", None) or 0,
        **{name: value for name, value in asked.items() if value},
    }
