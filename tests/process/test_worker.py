"""Real worker processes: what they report, and how each way of going wrong is told."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from perfkit import catalog
from perfkit.api.bench import Bench
from perfkit.api.timing import run
from perfkit.errors import PerfkitError, RunError, UsageError
from tests.pipelines import project, running


def bench(root: Path, **settings) -> Bench:
    found = catalog.open_project(root)
    return Bench(project=found, pipeline=catalog.find_pipeline(found, None), **settings)


def fails(root: Path, variant: str = "optimized", **settings) -> PerfkitError:
    place = bench(root, **settings)
    with pytest.raises(PerfkitError) as caught:
        run(place, variant)
    assert "\n" not in str(caught.value)
    assert place.store.run_ids() == []
    assert not list((place.store.folder / ".staging").glob("*"))
    return caught.value


def test_a_run_reports_everything(tmp_path: Path) -> None:
    place = bench(project(tmp_path), seed=3, overrides={"n": 1000})
    (found,) = run(place, "optimized")
    assert [stage.path for stage in found.stages] == ["square", "total"]
    assert all(stage.calls == 1 and stage.total_s > 0 for stage in found.stages)
    assert sum(stage.total_s for stage in found.stages) <= found.run_s
    assert found.process_s > found.import_s + found.inputs_s + found.run_s
    assert found.parameters == {"n": 1000}
    assert found.metrics == {"total": sum(x * x for x in range(3, 1000)), "mean": 0.5}
    assert found.seed == 3
    assert found.inputs_from == "baselines/squares.py"
    if sys.platform == "linux":
        assert found.peak_rss_bytes is not None
        assert 5e6 < found.peak_rss_bytes < 500e6


def test_peak_memory_is_the_runs_own(tmp_path: Path) -> None:
    """Neither the parent's memory nor what make_inputs freed counts."""
    baseline = """
    def make_inputs(seed):
        bytearray(300_000_000)[::4096] = b"x" * len(bytearray(300_000_000)[::4096])
        return None

    def run(inputs):
        return len(inputs or ())
    """
    parent = bytearray(b"x" * 200_000_000)
    (small,) = run(bench(project(tmp_path, baseline=baseline)), "baseline")
    assert len(parent) == 200_000_000
    if sys.platform == "linux":
        assert small.peak_rss_bytes is not None
        assert small.peak_rss_bytes < 120e6


def test_noisy_stdout_and_stderr_are_kept_apart(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    body = """
    print("garbage {}" * 1000)
    os.write(1, b"\\xff\\x00raw")
    print("warning", file=sys.stderr)
    """
    place = bench(project(tmp_path, optimized=running(body)))
    (found,) = run(place, "optimized")
    folder = place.store.run_folder(found.id)
    assert (folder / "stdout.txt").read_bytes().endswith(b"\xff\x00raw") or b"garbage" in (
        folder / "stdout.txt"
    ).read_bytes()
    assert (folder / "stderr.txt").read_text() == "warning\n"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("os._exit(0)", "ended with exit status 0 without a reply"),
        ("os._exit(7)", "ended with exit status 7 without a reply"),
        ("os.kill(os.getpid(), signal.SIGKILL)", r"was killed by SIGKILL (out of memory?)"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "was killed by SIGSEGV"),
        ("sys.exit(3)", "raised SystemExit: 3"),
        ("raise ValueError('too odd')", "raised ValueError: too odd (seed 0)"),
        ("raise KeyboardInterrupt", "raised KeyboardInterrupt"),
    ],
)
def test_a_run_that_ends_badly(tmp_path: Path, body: str, words: str) -> None:
    error = fails(project(tmp_path, optimized=running(body)))
    assert isinstance(error, RunError)
    assert str(error).startswith("optimized/squares.py")
    assert words in str(error)
    assert error.exit_code == 3


def test_the_stage_that_raised_is_named(tmp_path: Path) -> None:
    body = """
    with stage("outer"):
        with stage("fine"):
            pass
        with stage("inner"):
            raise RuntimeError("midway")
    """
    error = fails(project(tmp_path, optimized=running(body)))
    assert "raised RuntimeError: midway in stage 'outer/inner' (seed 0)" in str(error)
    assert isinstance(error, RunError)
    assert "Traceback" in error.details


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("not json", "malformed reply"),
        ('{"ok": {}}', "malformed reply"),
        ('{"ok": {"run_s": "fast"}}', "malformed reply"),
        ("{}", "neither success nor failure"),
    ],
)
def test_a_forged_reply_is_rejected(tmp_path: Path, line: str, words: str) -> None:
    """Anything but exactly one well-formed reply on the pipe is refused."""
    body = f"""
    fd = int(sys.orig_argv[-1])
    os.write(fd, {line!r}.encode() + b"\\n")
    os._exit(0)
    """
    assert words in str(fails(project(tmp_path, optimized=running(body))))


def test_two_replies_are_rejected(tmp_path: Path) -> None:
    body = "os.write(int(sys.orig_argv[-1]), b'{\"ok\": null}\\n')"
    assert "malformed reply" in str(fails(project(tmp_path, optimized=running(body))))


def test_a_run_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    body = f"""
    import subprocess
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    open({str(tmp_path / "pid")!r}, "w").write(str(child.pid))
    time.sleep(600)
    """
    error = fails(project(tmp_path, optimized=running(body)), timeout_s=5.0)
    assert "did not finish within 5 s and was killed; raise --timeout" in str(error)
    assert _gone(int((tmp_path / "pid").read_text()))


def test_children_left_behind_are_ended(tmp_path: Path) -> None:
    body = f"""
    import subprocess
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    open({str(tmp_path / "pid")!r}, "w").write(str(child.pid))
    """
    run(bench(project(tmp_path, optimized=running(body))), "optimized")
    assert _gone(int((tmp_path / "pid").read_text()))


def test_a_thread_that_does_not_end_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perfkit.measure.spawn.GRACE_S", 1.0)
    body = """
    import threading
    threading.Thread(target=time.sleep, args=(600,)).start()
    """
    error = fails(project(tmp_path, optimized=running(body)))
    assert "replied, but did not end" in str(error)


def test_a_worker_and_its_children_die_with_their_parent(tmp_path: Path) -> None:
    pid_file, child_file = tmp_path / "pid", tmp_path / "child"
    body = f"""
    import subprocess
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    open({str(child_file)!r}, "w").write(str(child.pid))
    open({str(pid_file)!r}, "w").write(str(os.getpid()))
    time.sleep(600)
    """
    root = project(tmp_path, optimized=running(body))
    parent = subprocess.Popen([sys.executable, "-m", "perfkit", "run", "optimized"], cwd=root)
    worker, child = _pid(pid_file), _pid(child_file)
    parent.kill()
    parent.wait()
    assert _gone(worker)
    assert _gone(child)


def test_ctrl_c_ends_the_worker_and_keeps_what_is_finished(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    body = f"""
    if os.environ["PYTHONHASHSEED"] and os.path.exists({str(tmp_path / "second")!r}):
        open({str(pid_file)!r}, "w").write(str(os.getpid()))
        time.sleep(600)
    open({str(tmp_path / "second")!r}, "w").close()
    """
    root = project(tmp_path, optimized=running(body))
    parent = subprocess.Popen(
        [sys.executable, "-m", "perfkit", "run", "optimized", "--times", "2"],
        cwd=root,
        stderr=subprocess.PIPE,
        text=True,
    )
    worker = _pid(pid_file)
    parent.send_signal(signal.SIGINT)
    _, stderr = parent.communicate(timeout=60)
    assert parent.returncode == 130
    assert "interrupted" in stderr
    assert "Traceback" not in stderr
    assert _gone(worker)
    assert len(bench(root).store.run_ids()) == 1


@pytest.mark.parametrize(
    ("baseline", "words", "kind"),
    [
        ("import nowhere_to_be_found", "could not be imported: ModuleNotFoundError", RunError),
        ("def f(:", "could not be imported: SyntaxError", RunError),
        ("x = 1", "has no function 'run'; a pipeline needs", UsageError),
        ("def run(inputs): ...", "has no function 'make_inputs'", UsageError),
        ("run = 3\ndef make_inputs(seed): ...", "not callable named 'run'", UsageError),
        (
            "def run(i): ...\ndef make_inputs(seed): raise OSError('no data')",
            "make_inputs of baselines/squares.py raised OSError: no data",
            RunError,
        ),
        (
            "def run(i): ...\ndef make_inputs(seed, *, n): ...",
            "needs a value for n: give it with --set",
            UsageError,
        ),
    ],
)
def test_pipelines_that_break_the_contract(tmp_path: Path, baseline: str, words: str, kind: type) -> None:
    error = fails(project(tmp_path, baseline=baseline), variant="baseline")
    assert words in str(error)
    assert type(error) is kind


def test_a_parameter_that_does_not_exist(tmp_path: Path) -> None:
    error = fails(project(tmp_path), overrides={"m": 3})
    assert str(error) == "make_inputs of baselines/squares.py has no parameter 'm'; it has: n"
    assert error.exit_code == 2


def test_both_sides_see_the_same_environment(tmp_path: Path) -> None:
    body = """
    return {k: float(os.environ[k]) for k in ("OMP_NUM_THREADS", "PYTHONHASHSEED")} | {
        "padding": len(os.environ["PERFKIT_PADDING"])
    }
    """
    baseline = running(body) + "\ndef make_inputs(seed): return None\n"
    root = project(tmp_path, baseline=baseline, optimized=running(body))
    first, second = run(bench(root), "baseline", times=2)
    other, _ = run(bench(root), "optimized", times=2)
    assert first.metrics == other.metrics
    assert first.metrics["PYTHONHASHSEED"] != second.metrics["PYTHONHASHSEED"]


def test_numbers_that_are_not_finite_are_reported_as_such(tmp_path: Path) -> None:
    body = "return {'loss': float('nan'), 'up': float('inf'), 'fine': 1, 'flag': True, 'big': 10 ** 400}"
    (found,) = run(bench(project(tmp_path, optimized=running(body))), "optimized")
    assert found.metrics == {"loss": None, "up": None, "fine": 1.0}


def test_siblings_of_a_variant_can_be_imported(tmp_path: Path) -> None:
    root = project(tmp_path, optimized="import helper\ndef run(inputs): return {'x': helper.X}")
    (root / "optimized" / "helper.py").write_text("X = 5")
    (found,) = run(bench(root), "optimized")
    assert found.metrics == {"x": 5.0}


def test_the_worker_loads_little(tmp_path: Path) -> None:
    """What the harness brings into the measured process is the standard library and its own small modules."""
    body = textwrap.dedent("""
    ours = [m for m in sys.modules if m.startswith("perfkit")]
    foreign = {m.split(".")[0] for m in sys.modules} - set(sys.stdlib_module_names)
    return {m: 1.0 for m in {*ours, *foreign}}
    """)
    (found,) = run(bench(project(tmp_path, optimized=running(body))), "optimized")
    modules = {name for name in found.metrics if not name.startswith(("__editable__", "_distutils_hack"))}
    assert modules <= {
        *(
            "perfkit",
            "perfkit.markers",
            "perfkit.measure",
            "perfkit.measure.counters",
            "perfkit.measure.loading",
            "perfkit.measure.plain",
            "perfkit.measure.protocol",
            "perfkit.measure.worker",
            "perfkit.resident",
            "perfkit.verify",
            "perfkit.verify.watch",
        ),
        *(
            "__main__",
            "__mp_main__",
            "baselines",
            "optimized",
            "baselines.squares",
            "optimized.squares",
            "sitecustomize",
        ),
    }


def _pid(file: Path) -> int:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if file.exists() and (text := file.read_text()):
            return int(text)
        time.sleep(0.05)
    raise AssertionError("the worker did not start")


def _gone(pid: int) -> bool:
    """Wait until a process has ended (a zombie has)."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False
