"""Scripts, modules, callables and commands that have never heard of perfkit: well-behaved and otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from perfkit.api import sides
from perfkit.api.comparison import compare
from perfkit.api.pairs import Plan
from perfkit.api.sides import Asked, Sides
from perfkit.api.timing import run
from perfkit.api.verification import verify
from perfkit.errors import BusyError, PerfkitError, RunError, UsageError
from perfkit.measure.leftovers import MOST_BYTES
from perfkit.model import TimingRun, VerificationReport
from perfkit.report.equality import judge
from perfkit.store.lock import measuring


def write(folder: Path, **files: str) -> Path:
    """Write modules into a folder; a name's double underscore is a slash."""
    for name, text in files.items():
        file = folder / f"{name.replace('__', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))
    return folder


def find(folder: Path, *words: str, timeout_s: float = 60.0, overrides=None, **asked) -> Sides:
    return sides.find(
        Asked(words=words, **asked), start=folder, timeout_s=timeout_s, overrides=overrides or {}
    )


def timed(folder: Path, *words: str, **options) -> tuple[TimingRun, Path]:
    """Run the one thing that is named, once; returns the run and its folder."""
    found = find(folder, *words, **options)
    (one,) = run(found.bench, found.names[0])
    return one, found.bench.store.run_folder(one.id)


def script(folder: Path, text: str, **options) -> tuple[TimingRun, Path]:
    return timed(write(folder, job=text), "job.py", **options)


def refused(folder: Path, *words: str, **options) -> PerfkitError:
    """Check that there is one sentence and nothing left of it."""
    before = {file for file in folder.rglob("*") if "__pycache__" not in file.parts}
    with pytest.raises(PerfkitError) as caught:
        timed(folder, *words, **options)
    assert "\n" not in str(caught.value)
    assert {file for file in folder.rglob("*") if "__pycache__" not in file.parts} == before
    return caught.value


def verified(folder: Path, *words: str, **options) -> VerificationReport:
    found = find(folder, *words, **options)
    return verify(found.bench, *found.names)


def verdicts(report: VerificationReport) -> dict[str, str]:
    return {one.stage: one.verdict for one in report.scrutiny.verifications[0].stages}


# ---------------------------------------------------------------- scripts that behave


def test_the_run_of_a_script_begins_at_its_guard(tmp_path: Path) -> None:
    text = """
    import time
    time.sleep(0.2)
    if __name__ == "__main__":
        print("done")
    """
    one, folder = script(tmp_path, text)
    assert one.import_s >= 0.2 > one.run_s
    assert (folder / "stdout.txt").read_text() == "done\n"


def test_the_run_of_a_script_without_a_guard_begins_after_its_imports(tmp_path: Path) -> None:
    one, _ = script(tmp_path, "import time\ntime.sleep(0.2)\nprint(1)")
    assert one.run_s >= 0.2 > one.import_s


def test_a_script_is_main_and_has_its_arguments(tmp_path: Path) -> None:
    text = """
    import sys
    from dataclasses import dataclass
    import pickle

    @dataclass
    class Point:
        x: int

    if __name__ == "__main__":
        assert sys.modules["__main__"].Point is Point
        print(pickle.loads(pickle.dumps(Point(3))), sys.argv[1:], __file__ == sys.argv[0])
    """
    _, folder = script(tmp_path, text, arguments=("--size", "{n}"), overrides={"n": 500})
    assert (folder / "stdout.txt").read_text() == "Point(x=3) ['--size', '500'] True\n"


def test_a_script_imports_what_lies_beside_it(tmp_path: Path) -> None:
    write(tmp_path, tools__helper="X = 5", tools__job="import helper\nprint(helper.X)")
    _, folder = timed(tmp_path, "tools/job.py")
    assert (folder / "stdout.txt").read_text() == "5\n"


def test_annotations_stay_as_the_script_wants_them(tmp_path: Path) -> None:
    text = "from __future__ import annotations\ndef f(x: NotThere) -> int: return 1\nprint(f(1))"
    _, folder = script(tmp_path, text)
    assert (folder / "stdout.txt").read_text() == "1\n"


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_a_script_may_start_processes(tmp_path: Path, method: str) -> None:
    text = f"""
    import multiprocessing

    def square(x):
        return x * x

    if __name__ == "__main__":
        with multiprocessing.get_context("{method}").Pool(2) as pool:
            print(pool.map(square, [1, 2, 3]))
    """
    _, folder = script(tmp_path, text)
    assert (folder / "stdout.txt").read_text() == "[1, 4, 9]\n"


def test_a_fork_that_comes_back_to_the_end_of_the_script_ends_there(tmp_path: Path) -> None:
    text = """
    import os, sys
    child = os.fork()
    if child == 0:
        sys.exit(5)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
    if os.fork() == 0:
        print("second child")
    else:
        os.wait()
        print("parent")
    """
    one, folder = script(tmp_path, text)
    assert (folder / "stdout.txt").read_text().split() == ["5", "second", "child", "parent"]
    assert one.run_s > 0


def test_a_forks_exception_is_its_own(tmp_path: Path) -> None:
    text = "import os\nif os.fork() == 0:\n    raise ValueError('mine')\nos.wait()\nprint('fine')"
    _, folder = script(tmp_path, text)
    assert (folder / "stdout.txt").read_text() == "fine\n"
    assert "ValueError: mine" in (folder / "stderr.txt").read_text()


def test_a_script_ends_when_its_threads_do(tmp_path: Path) -> None:
    text = """
    import threading, time
    def work():
        time.sleep(0.3)
        print("worked")
    threading.Thread(target=work).start()
    """
    one, folder = script(tmp_path, text)
    assert one.run_s >= 0.3
    assert (folder / "stdout.txt").read_text() == "worked\n"


def test_an_open_pool_of_threads_is_not_waited_for_once_it_is_idle(tmp_path: Path) -> None:
    text = """
    import time
    from concurrent.futures import ThreadPoolExecutor
    pool = ThreadPoolExecutor(2)
    pool.submit(time.sleep, 0.2)
    """
    one, _ = script(tmp_path, text, timeout_s=20)
    assert one.run_s >= 0.2


def test_exit_status_0_is_no_failure_and_the_folder_may_change(tmp_path: Path) -> None:
    _, folder = script(tmp_path, "import os, sys\nos.chdir('/')\nprint(os.getcwd())\nsys.exit(0)")
    assert (folder / "stdout.txt").read_text() == "/\n"


def test_a_script_runs_where_the_user_is(tmp_path: Path) -> None:
    script(tmp_path, "from pathlib import Path\nPath('made.txt').write_text('x')")
    assert (tmp_path / "made.txt").read_text() == "x"


@pytest.mark.parametrize("text", ["", "x = 1\n", "# nothing\n", "'''only words'''\n"])
def test_a_script_that_does_nothing_is_run_and_not_verified(tmp_path: Path, text: str) -> None:
    write(tmp_path, a=text, b=text + "y = 2\n")
    report = verified(tmp_path, "a.py", "b.py")
    assert verdicts(report) == {"result": "not checked"}
    assert not judge(report.scrutiny).verified


# ---------------------------------------------------------------- what is left behind


def test_much_output_is_kept_in_part_and_that_is_said(tmp_path: Path) -> None:
    text = """
    import sys
    print("first")
    print("x" * 5_000_000)
    print("last")
    sys.stderr.write("e" * 3_000_000)
    """
    _, folder = script(tmp_path, text)
    for name in ("stdout.txt", "stderr.txt"):
        content = (folder / name).read_text()
        assert len(content) < MOST_BYTES + 100
        assert "[perfkit left out " in content
    kept = (folder / "stdout.txt").read_text()
    assert kept.startswith("first\nxxx")
    assert kept.endswith("xxx\nlast\n")


def test_a_difference_far_down_in_much_output_is_found(tmp_path: Path) -> None:
    text = "for i in range(3000):\n    print('row', i, 'x' * 500)\nprint({!r})"
    report = verified(write(tmp_path, a=text.format("end"), b=text.format("other end")), "a.py", "b.py")
    assert verdicts(report) == {"result": "different"}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only the process group is ended")
@pytest.mark.parametrize("detached", [False, True])
def test_children_that_a_script_leaves_are_ended(tmp_path: Path, detached: bool) -> None:
    text = f"""
    import subprocess, sys
    code = "import time; time.sleep(600)"
    child = subprocess.Popen([sys.executable, "-c", code], start_new_session={detached})
    open("pid.txt", "w").write(str(child.pid))
    """
    script(tmp_path, text)
    pid = int((tmp_path / "pid.txt").read_text())
    deadline = time.monotonic() + 20
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)


# ---------------------------------------------------------------- scripts that fail


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = input('who? ')", "job.py raised EOFError: EOF when reading a line: it reads standard input"),
        ("import os; os._exit(0)", "job.py ended with exit status 0 without a reply"),
        ("import os; os._exit(7)", "job.py ended with exit status 7 without a reply"),
        ("import sys; sys.exit(3)", "job.py ended with exit status 3"),
        ("import sys; sys.exit('no model')", "job.py ended with: no model"),
        ("raise ValueError('bad shape')", "job.py raised ValueError: bad shape"),
        ("import nowhere_to_be_found", "job.py could not be imported: ModuleNotFoundError"),
        ("import ctypes; ctypes.string_at(0)", "job.py was killed by SIGSEGV"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", "job.py was killed by SIGTERM"),
    ],
)
def test_a_script_that_fails(tmp_path: Path, text: str, said: str) -> None:
    error = refused(write(tmp_path, job=text), "job.py")
    assert said in str(error)
    assert error.exit_code == 3


def test_a_script_that_hangs_is_ended(tmp_path: Path) -> None:
    error = refused(write(tmp_path, job="while True: pass"), "job.py", timeout_s=1.0)
    assert "job.py did not finish within 1 s and was killed; raise --timeout" in str(error)
    assert error.exit_code == 3


def test_a_command_that_hangs_is_named(tmp_path: Path) -> None:
    error = refused(tmp_path, commands=("sleep 60",), timeout_s=1.0)
    assert str(error).startswith("sleep 60 did not finish within 1 s")


def test_a_script_that_deletes_itself_is_run_once(tmp_path: Path) -> None:
    write(tmp_path, a="import os\nos.remove(__file__)\nprint(1)", b="print(1)")
    found = find(tmp_path, "a.py", "b.py")
    with pytest.raises(RunError) as caught:
        compare(found.bench, *found.names, Plan(pairs=3), profiling=False)
    assert "a.py could not be imported: FileNotFoundError" in str(caught.value)
    assert "1 finished pair is kept" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"def f(:\n    pass", "job.py, line 1 is no Python"),
        (b"print('caf\xe9')", "job.py, line 1 is no Python"),
        (b"x = 1\0", "job.py is no Python"),
    ],
)
def test_what_is_no_python(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "job.py").write_bytes(content)
    error = refused(tmp_path, "job.py")
    assert said in str(error)
    assert error.exit_code == 2


# ---------------------------------------------------------------- modules and callables


def test_a_package_is_run_as_python_does(tmp_path: Path) -> None:
    main = "from . import part\nprint(__package__, part.X, __name__)"
    write(tmp_path, pkg__part="X = 1")
    (tmp_path / "pkg" / "__init__.py").write_text("")
    (tmp_path / "pkg" / "__main__.py").write_text(main)
    _, folder = timed(tmp_path, "-m pkg")
    assert (folder / "stdout.txt").read_text() == "pkg 1 __main__\n"


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("-m nowhere", "there is no module 'nowhere'"),
        ("-m pkg", "python -m pkg cannot run a package without pkg/__main__.py"),
        ("pkg:nothing", "pkg has no 'nothing'"),
        ("pkg:NUMBER", "'NUMBER' of pkg is not callable"),
        ("nowhere:f", "there is no module 'nowhere'"),
        ("gone.py:f", "gone.py does not exist"),
        ("gone.py", "gone.py does not exist"),
        ("pkg:takes", "takes needs x, y: name what makes them with --inputs pkg.mod:make_inputs"),
    ],
)
def test_what_is_not_there(tmp_path: Path, word: str, said: str) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").write_text("NUMBER = 5\ndef takes(x, *, y, z=3): return x\n")
    error = refused(tmp_path, word)
    assert said in str(error)
    assert error.exit_code == 2


def test_callables_with_and_without_inputs(tmp_path: Path) -> None:
    write(
        tmp_path,
        mod="""
        class Made:
            def __init__(self, k): self.k = k
            def doubled(self): return {"k": 2 * self.k}
        made = Made(4)
        plain = lambda: {"k": 1}
        def add(a, b): return {"sum": a + b}
        def make_inputs(seed, *, n=3): return (n, seed)
        """,
    )
    assert timed(tmp_path, "mod:made.doubled")[0].metrics == {"k": 8.0}
    assert timed(tmp_path, "mod.py:plain")[0].metrics == {"k": 1.0}
    one, _ = timed(tmp_path, "mod:add", inputs="mod:make_inputs", overrides={"n": 40})
    assert one.metrics == {"sum": 40.0 + one.seed}


# ---------------------------------------------------------------- commands


def test_a_command_is_a_whole_process(tmp_path: Path) -> None:
    one, folder = timed(tmp_path, commands=(f"{sys.executable} -c 'import time; time.sleep(0.2); print(5)'",))
    assert one.run_s >= 0.2
    assert (folder / "stdout.txt").read_text() == "5\n"


@pytest.mark.parametrize(
    ("line", "said", "status"),
    [
        ("no-such-command-here 5", "there is no command 'no-such-command-here'", 2),
        ("  ", "a command is empty", 2),
        ("sh -c 'exit 3'", "ended with exit status 3", 3),
        ("sh -c 'kill -9 $$'", "was ended by signal 9", 3),
        ("true && sh -c 'kill -9 $$'; exit $?", "ended with exit status 137", 3),
    ],
)
def test_commands_that_fail(tmp_path: Path, line: str, said: str, status: int) -> None:
    error = refused(tmp_path, commands=(line,))
    assert said in str(error)
    assert error.exit_code == status


def test_binary_output_is_compared(tmp_path: Path) -> None:
    lines = [rf"printf '\377\000\001{end}'" for end in "aab"]
    same = find(tmp_path, commands=(lines[0], lines[1] + " "))
    assert verdicts(verify(same.bench, *same.names)) == {"result": "identical"}
    other = find(tmp_path, commands=(lines[0], lines[2]))
    assert verdicts(verify(other.bench, *other.names)) == {"result": "different"}


# ---------------------------------------------------------------- stages and places that are named

STAGED = """
class Extractor:
    @property
    def size(self): return 1
    def extract(self, n): return [i * i for i in range(n)]
    @staticmethod
    def total(values): return sum(values)

def lines():
    yield 1

square = lambda x: x * x

if __name__ == "__main__":
    print(Extractor.total(Extractor().extract(100)), list(lines()), square(2), Extractor().size)
"""


def test_stages_that_are_named(tmp_path: Path) -> None:
    write(tmp_path, job=STAGED)
    one, _ = timed(tmp_path, "job.py", stages=("Extractor.extract", "Extractor.total"))
    assert [(stage.path, stage.calls) for stage in one.stages] == [("extract", 1), ("total", 1)]


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        (
            "nothing",
            "has no function 'nothing' that could be a stage; it has: Extractor.size, ",
        ),
        ("square", "has no function 'square'"),
        ("lines", "cannot be a stage: it is a generator function"),
        ("Extractor.size", "cannot be a stage: it is a @property"),
        ("two words", "names no function"),
        ("gone.mod:f", "there is no module 'gone.mod'"),
        ("gone.py:f", "gone.py does not exist"),
    ],
)
def test_stages_that_cannot_be(tmp_path: Path, stage: str, said: str) -> None:
    error = refused(write(tmp_path, job=STAGED), "job.py", stages=(stage,))
    assert said in str(error)
    assert error.exit_code == 2


def test_a_stage_in_another_module_that_imports_it_by_name(tmp_path: Path) -> None:
    write(
        tmp_path,
        tools__parts="def work(n):\n    return n + 1\n",
        job="from tools.parts import work\nif __name__ == '__main__':\n    print(work(1))\n",
    )
    for word in ("tools.parts:work", "tools/parts.py:work"):
        one, _ = timed(tmp_path, "job.py", stages=(word,))
        assert [stage.path for stage in one.stages] == ["work"]


def test_a_stage_that_is_called_otherwise_on_the_other_side(tmp_path: Path) -> None:
    main = "if __name__ == '__main__':\n    print(len({}(9)))\n"
    write(
        tmp_path,
        a="def slow(n):\n    return [i for i in range(n)]\n" + main.format("slow"),
        b="def quick(n):\n    return list(range(n))\n" + main.format("quick"),
    )
    report = verified(tmp_path, "a.py", "b.py", stages=("slow=quick",))
    assert verdicts(report) == {"slow": "identical", "result": "identical"}


def test_a_command_has_no_stages(tmp_path: Path) -> None:
    error = refused(tmp_path, commands=("true",), stages=("f",))
    assert "a command has no stages" in str(error)


def test_places_and_settings_belong_together(tmp_path: Path) -> None:
    write(tmp_path, job="print(1)")
    no_place = refused(tmp_path, "job.py", overrides={"n": 5})
    assert "the arguments of job have no place for n: write {n} in them" in str(no_place)
    no_value = refused(tmp_path, "job.py", arguments=("--size", "{n}"))
    assert "the arguments of job name {n}: give it with --set n=VALUE" in str(no_value)
    assert {no_place.exit_code, no_value.exit_code} == {2}


# ---------------------------------------------------------------- one at a time


def test_a_folder_is_measured_into_by_one_process_at_a_time(tmp_path: Path) -> None:
    write(tmp_path, job="print(1)")
    code = (
        "import sys, pathlib\nfrom perfkit.store.lock import measuring\n"
        "with measuring(pathlib.Path(sys.argv[1])):\n    print('in', flush=True)\n    sys.stdin.read()\n"
    )
    folder = tmp_path / "reports" / "job"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "in\n"
        error = refused(tmp_path, "job.py")
        assert isinstance(error, BusyError)
        assert f"another perfkit (process {other.pid}) is measuring into {folder}" in str(error)
        assert error.exit_code == 3
        other.kill()
    timed(tmp_path, "job.py")  # a lock dies with its process
    assert not (folder / ".lock").exists()


def test_what_measures_inside_what_measures_holds_the_lock_already(tmp_path: Path) -> None:
    folder = tmp_path / "reports" / "x"
    with measuring(folder), measuring(folder):
        assert (folder / ".lock").read_text() == str(os.getpid())
    assert not folder.exists()
    assert not folder.parent.exists()


# ---------------------------------------------------------------- what is compared


def test_files_that_a_script_writes_are_its_result_too(tmp_path: Path) -> None:
    text = """
    import json
    import numpy as np
    with open("out/table.json", "w") as file:
        json.dump({{"total": {total}, "took": "0.5 s"}}, file)
    np.save("out/array.npy", np.arange(4) + {offset})
    with open("out/blob.bin", "wb") as file:
        file.write(b"\\0{byte}")
    print({total})
    """
    (tmp_path / "out").mkdir()
    names = ["file out/array.npy", "file out/blob.bin", "file out/table.json", "result"]
    write(
        tmp_path,
        a=text.format(total=0.1 + 0.2, offset=0.5, byte="a"),
        same=text.format(total=0.3, offset=0.5, byte="a"),
        other=text.format(total=0.4, offset=0.6, byte="b"),
    )
    found = verdicts(verified(tmp_path, "a.py", "same.py"))
    assert sorted(found) == names
    assert set(found.values()) <= {"identical", "equal within tolerance"}
    assert verdicts(verified(tmp_path, "a.py", "other.py")) == dict(
        zip(names, ["different", "not checked", "different", "different"], strict=True)
    )


def test_found_stages_need_no_value_that_can_be_compared(tmp_path: Path) -> None:
    text = """
    import logging

    def fit(model):
        model["w"] = sum(i * i for i in range(300_000))

    def log():
        return logging.getLogger("x")

    if __name__ == "__main__":
        model = {}
        log()
        fit(model)
        print(model)
    """
    report = verified(write(tmp_path, a=text, b=text + "\n"), "a.py", "b.py")
    assert verdicts(report) == {"log": "not checked", "fit": "not checked", "result": "identical"}
    found = judge(report.scrutiny)
    assert found.verified
    assert "log" in "".join(span.text for span in found.proviso)
    assert "fit" not in "".join(span.text for span in found.proviso)


def test_a_list_that_became_an_array_is_alike_where_no_source_promises_it(tmp_path: Path) -> None:
    slow = """
    def table(n):
        return [[i / 3, 2.0 * i] for i in range(n)]
    def total(rows):
        result = 0.0
        for row in rows:
            result += row[0]
        return result
    if __name__ == "__main__":
        print(f"{total(table(300)):.3f}")
    """
    fast = """
    import numpy as np
    def table(n):
        i = np.arange(n)
        return np.stack([i / 3, 2.0 * i], axis=1)
    def total(rows):
        return rows[:, 0].sum()
    if __name__ == "__main__":
        print(f"{total(table(300)):.3f}")
    """
    report = verified(write(tmp_path, a=slow, b=fast), "a.py", "b.py")
    assert set(verdicts(report)) == {"table", "total", "result"}
    assert judge(report.scrutiny).verified


def test_a_script_without_a_guard_is_fed_stage_by_stage(tmp_path: Path) -> None:
    """Its functions are there in the process that runs the other side, though it does not run there."""
    text = """
    import sys
    N = 10
    def double(x):
        return [2 * one for one in x]{}
    print(double(list(range(N)))[1:3])
    """
    write(tmp_path, a=text.format(""), b=text.format(" + [0]"))
    report = verified(tmp_path, "a.py", "b.py")
    assert [(one.stage, one.verdict) for one in report.scrutiny.differential] == [("double", "different")]


def test_methods_of_a_renamed_class_are_fed_an_object_of_theirs(tmp_path: Path) -> None:
    text = """
    class {name}:
        def __init__(self):
            self.scale = 3
        def whole(self, values):
            return self.{part}(values)
        def {part}(self, values):
            "Scale all values."
            return [self.scale * one {change} for one in values]
    if __name__ == "__main__":
        print("alike:", len({name}().whole(list(range(50)))))
    """
    write(
        tmp_path,
        a=text.format(name="Slow", part="scaled", change=""),
        b=text.format(name="Quick", part="times", change="+ (one == 7)"),
    )
    report = verified(tmp_path, "a.py", "b.py", stages=("Slow.whole=Quick.whole", "Slow.scaled=Quick.times"))
    assert {one.stage: one.verdict for one in report.scrutiny.differential} == {
        "whole": "different",
        "whole/scaled": "different",
    }


def test_wrong_use_of_the_words(tmp_path: Path) -> None:
    write(tmp_path, job="print(1)", mod="def f(): return 1")
    with pytest.raises(UsageError, match="takes no arguments"):
        find(tmp_path, "mod:f", arguments=("5",))
    with pytest.raises(UsageError):
        find(tmp_path)


def test_a_script_may_use_what_perfkit_offers(tmp_path: Path) -> None:
    text = """\
        from perfkit import PerfkitError, compare
        from perfkit.model import Event

        def work(n):
            return [i * i for i in range(n)]

        if __name__ == "__main__":
            print(sum(work(1000)), PerfkitError.__name__, callable(compare), Event.__name__)
    """
    report = verified(write(tmp_path, a=text, b=text), "a.py", "b.py")
    assert [one.check for one in report.scrutiny.findings if one.verdict == "trick"] == []


def test_a_pipelines_name_is_no_path(tmp_path: Path) -> None:
    write(tmp_path, job="print(1)")
    assert "is no folder's name" in str(refused(tmp_path, "job.py", pipeline="../elsewhere"))
