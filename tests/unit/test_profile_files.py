"""Files of cProfile as tables: of this machine and others, damaged, hostile, and edited since."""

from __future__ import annotations

import cProfile
import dataclasses
import io
import json
import marshal
import os
import profile
import pstats
import struct
import subprocess
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from perfkit import model, stage
from perfkit.errors import StoreError
from perfkit.profilers import cprofile, pstats_child, pstats_file, recorded_text
from perfkit.profilers.shared_places import align
from perfkit.profilers.tables import from_run, load_file
from tests import builders

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.model import FunctionTable

Stats = dict[Any, Any]

MAIN = ("/home/ann/project/main.py", 3, "main")
WORK = ("/home/ann/project/steps/work.py", 10, "work")
LEN = ("~", 0, "<built-in method builtins.len>")

SMALL: Stats = {
    MAIN: (1, 1, 0.5, 2.0, {}),
    WORK: (1, 3, 1.25, 1.5, {MAIN: (1, 1, 0.75, 1.5), WORK: (2, 1, 0.5, 0.5)}),
    LEN: (4, 4, 0.25, 0.25, {WORK: (4, 4, 0.25, 0.25)}),
}


def written(folder: Path, content: Stats | bytes, name: str = "a.prof") -> Path:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else marshal.dumps(content))
    return file


def loaded(folder: Path, content: Stats | bytes, **options: Any) -> FunctionTable:
    return load_file(written(folder, content), cache=None, **options)


def keys(table: FunctionTable) -> list[tuple[str, int, str]]:
    return [
        (table.files[file], line, name)
        for file, line, name in zip(table.file.tolist(), table.line.tolist(), table.names, strict=True)
    ]


def edges(table: FunctionTable) -> dict[tuple[Any, Any], tuple[int, float, float]]:
    known = keys(table)
    return {
        (known[caller], known[callee]): cost
        for caller, callee, *cost in zip(
            table.caller.tolist(),
            table.callee.tolist(),
            table.edge_calls.tolist(),
            table.edge_self_s.tolist(),
            table.edge_cumulative_s.tolist(),
            strict=True,
        )
    }


# ------------------------------------------------------------ what a sound file becomes


def test_every_column_is_the_files(tmp_path: Path) -> None:
    table = loaded(tmp_path, SMALL)
    assert keys(table) == [MAIN, WORK, LEN]
    assert table.primitive_calls.tolist() == [1, 1, 4]
    assert table.calls.tolist() == [1, 3, 4]
    assert table.self_s.tolist() == [0.5, 1.25, 0.25]
    assert table.cumulative_s.tolist() == [2.0, 1.5, 0.25]
    assert edges(table) == {
        (MAIN, WORK): [1, 0.75, 1.5],
        (WORK, WORK): [2, 0.5, 0.5],
        (WORK, LEN): [4, 0.25, 0.25],
    }
    assert table.places == ["main.py", "steps/work.py", "~"]
    assert table.own.tolist() == [True, True, False]
    assert (table.title, table.main, table.notes) == ("a.prof", -1, ())
    assert set(table.qualified) == {""}
    assert len(table.qualified) == 3


def test_the_root_can_be_given(tmp_path: Path) -> None:
    table = loaded(tmp_path, SMALL, root=Path("/home/ann"))
    assert table.places == ["project/main.py", "project/steps/work.py", "~"]


def recursive(n: int) -> int:
    return sum(map(len, [str(n)])) + (recursive(n - 1) if n else 0)


def test_calls_of_recursive_functions_are_those_of_pstats(tmp_path: Path) -> None:
    profiler = cProfile.Profile()
    profiler.runcall(recursive, 5)
    profiler.dump_stats(tmp_path / "a.prof")
    table = load_file(tmp_path / "a.prof", cache=None)
    which = table.names[:].distinct.index("recursive")  # type: ignore[attr-defined]
    at = [code == which for code in table.names.codes].index(True)  # type: ignore[attr-defined]
    assert (table.calls[at], table.primitive_calls[at]) == (6, 1)
    loop = (table.caller == at) & (table.callee == at)
    assert table.edge_calls[loop].tolist() == [5]


def test_a_profile_of_the_module_profile_has_callers_without_times(tmp_path: Path) -> None:
    profiler = profile.Profile()
    profiler.runcall(recursive, 2)
    profiler.dump_stats(tmp_path / "a.prof")
    table = load_file(tmp_path / "a.prof", cache=None)
    assert any("not for how long" in note for note in table.notes)
    reference = pstats.Stats(str(tmp_path / "a.prof"), stream=io.StringIO()).stats  # type: ignore[attr-defined]
    calls = {(caller, callee): n for callee, row in reference.items() for caller, n in row[4].items()}
    assert {pair: cost[0] for pair, cost in edges(table).items()} == {
        pair: n for pair, n in calls.items() if pair[0] in reference
    }


def test_old_callers_share_the_time_by_calls(tmp_path: Path) -> None:
    content = {
        MAIN: (1, 1, 1.0, 5.0, {}),
        LEN: (1, 1, 0.0, 0.0, {}),
        WORK: (4, 4, 2.0, 4.0, {MAIN: 1, LEN: 3}),
    }
    table = loaded(tmp_path, content)
    assert edges(table) == {(MAIN, WORK): [1, 0.5, 1.0], (LEN, WORK): [3, 1.5, 3.0]}


def test_names_of_python_2_are_bytes(tmp_path: Path) -> None:
    table = loaded(tmp_path, {(b"/old/caf\xc3\xa9.py", 1, b"f"): (1, 1, 1.0, 1.0, {})})
    assert keys(table) == [("/old/café.py", 1, "f")]


@pytest.mark.parametrize(
    "name",
    ["", "\x00\x1b[31m\n", "é", "\udc80\udfff", "\ud83d", "\U0001d518", "<lambda>", "a" * 100_000, "\u202e"],
)
def test_any_name_survives(tmp_path: Path, name: str) -> None:
    content = {
        (f"/p/{name}.py", 1, name): (1, 1, 1.0, 1.0, {}),
        ("/p/\ude00.py", 2, "x"): (1, 1, 1.0, 1.0, {}),
    }
    table = loaded(tmp_path, content)
    assert keys(table) == list(content)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({WORK: (1, 1, -0.25, 1.0, {})}, "1 function of a.prof took less than no time"),
        (
            {WORK: (1, 1, 1.0, 1.0, {("gone.py", 1, "gone"): (1, 1, 0.5, 0.5)})},
            "1 caller in a.prof is missing",
        ),
        ({WORK: (1, 1, 0.0, 0.0, {})}, "No time is recorded"),
        ({WORK: (1, 1, 3e12, 3e12, {})}, "are no seconds"),
        ({}, "No time is recorded"),
    ],
)
def test_odd_but_sound_profiles_are_read_and_noted(tmp_path: Path, changed: Stats, said: str) -> None:
    table = loaded(tmp_path, changed)
    assert len(table.notes) == 1
    assert said in table.notes[0]
    assert table.self_s.tolist() == [row[2] for row in changed.values()]
    assert len(table.caller) == 0


# ------------------------------------------------------------ damage


def entry(**changes: Any) -> Stats:
    cc, nc, tt, ct, callers = (
        changes.get(name, default)
        for name, default in (("cc", 1), ("nc", 1), ("tt", 1.0), ("ct", 1.0), ("callers", {}))
    )
    return {changes.get("key", WORK): (cc, nc, tt, ct, callers)}


def nested(depth: int) -> Any:
    found: Any = 0
    for _ in range(depth):
        found = (found, found)
    return found


SELF_HOLDING = b"{" + b"\xa9\x01" + b"r\x00\x00\x00\x00" + b"i\x01\x00\x00\x00" + b"0"
"""A tuple that holds itself, as a key: its hash overflows the stack, and the interpreter is gone."""

ENDLESS = {
    "a list": b"{" + b"[" + struct.pack("<i", 2**31 - 1),
    "a tuple": b"{" + b"(" + struct.pack("<i", 2**31 - 1) + b"N" * 100,
    "a string": b"{" + b"u" + struct.pack("<i", 2**31 - 1) + b"abc",
    "bytes": b"{" + b"s" + struct.pack("<i", 2**31 - 1),
    "a number": b"{" + b"l" + struct.pack("<i", 2**31 - 1),
    "many tuples": b"{" + (b"(" + struct.pack("<i", 2**31 - 1)) * 50,
}

DAMAGED: dict[str, Stats | bytes] = {
    "empty": b"",
    "text": b"calls  time\n",
    "brace": b"{",
    "json": json.dumps({"a": 1}).encode(),
    "cut off": marshal.dumps(SMALL)[:-20],
    "not a table": marshal.dumps([1, 2, 3]),
    "eight bytes missing": marshal.dumps(SMALL).replace(struct.pack("<d", 1.25), b""),
    "a key that is a string": {"main": (1, 1, 1.0, 1.0, {})},
    "a key of two": entry(key=("a.py", 1)),
    "a file that is a number": entry(key=(1, 1, "f")),
    "a name that is none": entry(key=("a.py", 1, None)),
    "a line that is text": entry(key=("a.py", "1", "f")),
    "a huge line": entry(key=("a.py", 2**40, "f")),
    "a negative line": entry(key=("a.py", -1, "f")),
    "a value that is a number": {WORK: 1},
    "a value of four": {WORK: (1, 1, 1.0, 1.0)},
    "callers in a list": entry(callers=[]),
    "calls that are a fraction": entry(cc=1.5),
    "negative calls": entry(nc=-1),
    "more calls than there can be": entry(nc=2**80),
    "a time that is text": entry(tt="1"),
    "a complex time": entry(tt=1j),
    "NaN": entry(tt=float("nan")),
    "infinite": entry(ct=float("inf")),
    "a huge time": entry(ct=1e200),
    "a time beyond floats": entry(ct=10**400),
    "an edge of three": entry(callers={WORK: (1, 1, 1.0)}),
    "an edge that is text": entry(callers={WORK: "abcd"}),
    "an edge with NaN": entry(callers={WORK: (1, 1, float("nan"), 1.0)}),
    "an edge with negative calls": entry(callers={WORK: (-1, -1, 1.0, 1.0)}),
    "edges of two kinds": entry(callers={WORK: (1, 1, 1.0, 1.0), LEN: 3}),
    "edges of two kinds, the old first": entry(callers={WORK: 3, LEN: (1, 1, 1.0, 1.0)}),
    "deep": b"{" + b"(\x01\x00\x00\x00" * 100_000 + b"N",
    "a crash": SELF_HOLDING,
    **{f"endless: {what}": content for what, content in ENDLESS.items()},
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_damage_is_told_in_one_sentence(tmp_path: Path, damage: str) -> None:
    cache = tmp_path / "cache"
    file = written(tmp_path, DAMAGED[damage])
    with pytest.raises(StoreError) as caught:
        load_file(file, cache=cache)
    said = str(caught.value)
    assert str(file) in said
    assert said.endswith(".")
    assert "\n" not in said
    assert len(said) < 400 + len(str(file))
    assert "ecord it again" in said or "name a file that python -m cProfile" in said
    assert not cache.exists()


def test_the_crash_is_a_crash(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"made its reader crash \(SIG"):
        loaded(tmp_path, SELF_HOLDING)


def test_a_file_that_takes_for_ever_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pstats_file, "_BASE_CPU_S", 1)
    # A key of shared parts: short to write, and 2**60 steps to hash, so not as a dictionary here.
    endless = b"{" + marshal.dumps(nested(60)) + marshal.dumps(1) + b"0"
    assert len(endless) < 1000
    with pytest.raises(StoreError, match="took more than the 1 s"):
        loaded(tmp_path, endless)


def test_memory_is_limited(tmp_path: Path) -> None:
    # 50 tuples of 16 GiB each, for 300 bytes: the limit must hold, not the machine.
    with pytest.raises(StoreError, match=r"needs more memory|cut off|damaged"):
        loaded(tmp_path, ENDLESS["many tuples"])


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"missing\.prof cannot be read \(No such file"):
        load_file(tmp_path / "missing.prof", cache=None)
    with pytest.raises(StoreError, match=r"cannot be read \(Is a directory\): name a file"):
        load_file(tmp_path, cache=None)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StoreError, match="not a regular file"):
        load_file(tmp_path / "pipe", cache=None)
    with pytest.raises(StoreError, match="not a regular file"):
        load_file(Path("/dev/zero"), cache=None)


def test_a_file_that_is_far_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pstats_file, "MOST_BYTES", 10)
    with pytest.raises(StoreError, match="profile a shorter run"):
        loaded(tmp_path, SMALL)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: b"",
        lambda raw: raw[:-1],
        lambda raw: raw + b"x",
        lambda raw: b"elsewhat" + raw[8:],
        lambda raw: raw[:16] + struct.pack("=q", -1) + raw[24:],
        lambda raw: raw[:16] + struct.pack("=q", 2**62) + raw[24:],
        lambda raw: raw[:-8] + b"\xff" * 8,
    ],
)
def test_a_reader_that_writes_nonsense_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[bytes], bytes]
) -> None:
    honest = pstats_file._in_child
    monkeypatch.setattr(pstats_file, "_in_child", lambda handle, path: spoil(honest(handle, path)))
    with pytest.raises(StoreError, match="made its reader write nonsense"):
        loaded(tmp_path, SMALL)


def test_indices_out_of_range_are_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = pstats_file._in_child
    believed = []
    raw = honest(written(tmp_path, SMALL).open("rb", buffering=0), tmp_path)
    first = pstats_child.HEADER.size + 3 * 4 * 8 + 3 * 3 * 8 + 3 * 8 + 3 * 8  # the column `file`
    assert raw[first : first + 12] == struct.pack("=3i", 0, 1, 2)
    for bad in (3, -1, 2**31 - 1):
        spoiled = raw[:first] + struct.pack("=i", bad) + raw[first + 4 :]
        monkeypatch.setattr(pstats_file, "_in_child", lambda handle, path, spoiled=spoiled: spoiled)
        try:
            loaded(tmp_path, SMALL)
            believed.append(bad)
        except StoreError:
            pass
    assert believed == []


def test_a_profile_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = pstats_file._in_child

    def disturbed(handle: Any, path: Path) -> bytes:
        found = honest(handle, path)
        path.write_bytes(marshal.dumps({}))
        return found

    monkeypatch.setattr(pstats_file, "_in_child", disturbed)
    with pytest.raises(StoreError, match="changed while it was read"):
        loaded(tmp_path, SMALL)


# ------------------------------------------------------------ the cache


def refuse(*_: object) -> bytes:
    raise AssertionError("the profile was read again")


def test_the_second_load_reads_no_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    first = load_file(written(tmp_path, SMALL), cache=cache)
    monkeypatch.setattr(pstats_file, "_in_child", refuse)
    again = load_file(written(tmp_path, SMALL, "copy.prof"), cache=cache)
    assert again.title == "copy.prof"
    for field in dataclasses.fields(model.FunctionTable):
        if field.name in {"title", "notes"}:
            continue
        before, after = getattr(first, field.name), getattr(again, field.name)
        assert list(before) == list(after) if hasattr(before, "__len__") else before == after


def test_other_content_is_another_entry(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    load_file(written(tmp_path, SMALL), cache=cache)
    other = load_file(written(tmp_path, entry()), cache=cache)
    assert len(other.calls) == 1
    assert len(list(cache.iterdir())) == 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: b"",
        lambda raw: raw[: len(raw) // 2],
        lambda raw: raw[:100] + bytes([raw[100] ^ 1]) + raw[101:],
        lambda raw: bytes(len(raw)),
    ],
)
def test_a_damaged_entry_is_made_anew(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    cache = tmp_path / "cache"
    file = written(tmp_path, SMALL)
    load_file(file, cache=cache)
    (kept,) = cache.iterdir()
    sound = kept.read_bytes()
    kept.write_bytes(spoil(sound))
    assert keys(load_file(file, cache=cache)) == list(SMALL)
    assert kept.read_bytes() == sound


def test_the_cache_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pstats_file, "KEPT", 2)
    cache = tmp_path / "cache"
    for number in range(3):
        load_file(written(tmp_path, entry(nc=number + 1)), cache=cache)
        for age, one in enumerate(sorted(cache.iterdir(), key=lambda one: -one.stat().st_mtime_ns)):
            os.utime(one, (1e9 - age, 1e9 - age))
    assert len(list(cache.iterdir())) == 2


def test_a_cache_that_cannot_be_written_is_noted(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file is in the way")
    table = load_file(written(tmp_path, SMALL), cache=tmp_path / "cache")
    assert keys(table) == list(SMALL)
    assert len(table.notes) == 1
    assert "as long to read the next time" in table.notes[0]


# ------------------------------------------------------------ a real profile, of other machines


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Stats:
    """The profile of something real: imports, the standard library, rich, and a project's own file."""
    folder = tmp_path_factory.mktemp("real") / "project"
    (folder / "tools").mkdir(parents=True)
    (folder / "main.py").write_text(
        "import json, re\nfrom tools import table\n\n\ndef main():\n    re.compile('a+b[c-d]{2,3}', re.X)\n"
        "    json.loads(json.dumps({'a': [1, 2, {'b': None}]}, indent=1))\n    return table.shown(20)\n"
    )
    (folder / "tools/__init__.py").write_text("")
    (folder / "tools/table.py").write_text(
        "import io\n\nfrom rich.console import Console\nfrom rich.table import Table\n\n\n"
        "class Rows:\n    def add(self, table, n):\n"
        "        for i in range(n):\n            table.add_row(str(i))\n\n\n"
        "def shown(n):\n    table = Table('n')\n    Rows().add(table, n)\n    out = io.StringIO()\n"
        "    Console(file=out).print(table)\n    return out.getvalue()\n"
    )
    script = (
        "import cProfile, sys; sys.path.insert(0, sys.argv[1])\n"
        "profiler = cProfile.Profile(); profiler.enable()\n"
        "import main; main.main(); profiler.disable(); profiler.dump_stats(sys.argv[2])"
    )
    file = folder.parent / "real.prof"
    subprocess.run([sys.executable, "-c", script, str(folder), str(file)], check=True)
    stats: Stats = pstats.Stats(str(file)).stats  # type: ignore[attr-defined]
    return stats


def moved(stats: Stats, move: Callable[[str], str]) -> Stats:
    """Return the profile as another machine would have written it."""

    def key(one: tuple[str, int, str]) -> tuple[str, int, str]:
        return (move(one[0]), one[1], one[2])

    return {
        key(one): (*row[:4], {key(caller): cost for caller, cost in row[4].items()})
        for one, row in stats.items()
    }


def folders(stats: Stats) -> tuple[str, str, str]:
    """Return this machine's folders: the project's, of packages, of the standard library."""
    files = [one[0] for one in stats]
    project = next(file for file in files if file.endswith("/project/main.py")).removesuffix("main.py")
    packages = next(file for file in files if file.endswith("rich/console.py")).removesuffix(
        "rich/console.py"
    )
    library = next(file for file in files if file.endswith("json/decoder.py")).removesuffix("json/decoder.py")
    return project, packages, library


def machine(
    stats: Stats, project: str, packages: str, library: str, separator: str = "/"
) -> Callable[[str], str]:
    here = folders(stats)

    def move(file: str) -> str:
        for old, new in zip((here[1], here[0], here[2]), (packages, project, library), strict=True):
            if file.startswith(old):
                return new + file[len(old) :].replace("/", separator)
        return file

    return move


MACHINES = {
    "Windows": (
        "D:\\work\\project\\",
        "C:\\Users\\Bob\\venvs\\x\\Lib\\site-packages\\",
        "C:\\Users\\Bob\\AppData\\Local\\Programs\\Python\\Python311\\Lib\\",
        "\\",
    ),
    "conda on Windows": (
        "c:\\p\\",
        "c:\\tools\\miniconda3\\envs\\a\\lib\\site-packages\\",
        "c:\\tools\\miniconda3\\envs\\a\\lib\\",
        "\\",
    ),
    "macOS": (
        "/Users/bob/Documents/My project/",
        "/Users/bob/venv/lib/python3.11/site-packages/",
        "/Library/Frameworks/Python.framework/Versions/3.11/lib/python3.11/",
        "/",
    ),
    "another user's venv": (
        "/home/bob/src/project/",
        "/home/bob/src/project/.venv/lib/python3.11/site-packages/",
        "/home/bob/.pyenv/versions/3.11.4/lib/python3.11/",
        "/",
    ),
    "Debian": ("/srv/app/", "/usr/lib/python3/dist-packages/", "/usr/lib/python3.11/", "/"),
    "a zip": ("/srv/app/", "/opt/x/lib/python3.11/site-packages/", "/opt/x/lib/python311.zip/", "/"),
}


@pytest.mark.parametrize("name", MACHINES)
def test_a_real_profile_has_the_same_places_on_another_machine(
    tmp_path: Path, real: Stats, name: str
) -> None:
    here = loaded(tmp_path, real)
    there = loaded(tmp_path, moved(real, machine(real, *MACHINES[name])))
    assert list(there.files) != list(here.files)
    assert list(there.places) == list(here.places)
    assert there.own.tolist() == here.own.tolist()
    assert {place for place, own in zip(here.places, here.own, strict=True) if own} == {
        "main.py",
        "tools/__init__.py",
        "tools/table.py",
    }
    assert {"rich/console.py", "json/decoder.py", "~"} <= set(here.places)
    assert here.python == "{}.{}".format(*sys.version_info)
    assert there.python == ("3.11" if name != "conda on Windows" else "")
    assert not there.sources or name == "Debian"


def test_the_text_of_what_lies_here_is_found(tmp_path: Path, real: Stats) -> None:
    table = loaded(tmp_path, real)
    texts = {table.places[index]: text for index, text in table.sources.items()}
    assert "class Rows:" in texts["tools/table.py"]
    assert "class JSONDecoder" in texts["json/decoder.py"]
    assert "class Console" in texts["rich/console.py"]
    missing = {
        place
        for index, place in enumerate(table.places)
        if index not in table.sources and place[0] not in "<~"
    }
    assert missing == set()  # all of them fit: decorated functions, lambdas, comprehensions


# ------------------------------------------------------------ texts that fit no more

SOURCE = """\
import functools


@functools.lru_cache(
    maxsize=None,
)
def cached(x):
    return [y for y in range(x)]


async def later(): return (lambda: 1)()


class Thing:
    def method(self):
        return {y: 1 for y in range(3)}
"""


def test_functions_that_are_where_they_were_fit() -> None:
    functions = [
        (4, "cached"),
        (8, "<listcomp>"),
        (11, "later"),
        (11, "<lambda>"),
        (14, "Thing"),
        (15, "method"),
    ]
    assert recorded_text.fits(SOURCE, [*functions, (16, "<dictcomp>"), (1, "<module>"), (0, "<module>")])
    assert recorded_text.fits(SOURCE, [])


@pytest.mark.parametrize(
    "gone",
    [(5, "cached"), (15, "meth"), (15, "metho"), (12, "later"), (99, "later"), (0, "x"), (1, "<lambda>")],
)
def test_functions_that_are_elsewhere_do_not_fit(gone: tuple[int, str]) -> None:
    assert not recorded_text.fits(SOURCE, [gone])
    assert recorded_text.fits(SOURCE, [(4, "cached"), (11, "later"), (14, "Thing"), (15, "method"), gone])


def in_file(file: Path, *functions: tuple[int, str]) -> Stats:
    return {(str(file), line, name): (1, 1, 1.0, 1.0, {}) for line, name in functions}


def test_an_edited_file_is_left_out_and_noted(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("\n\n" + SOURCE)
    table = loaded(tmp_path, in_file(file, (4, "cached"), (11, "later")))
    assert table.sources == {}
    assert len(table.notes) == 1
    assert str(file) in table.notes[0]
    assert "edited since" in table.notes[0]


def test_a_file_that_was_changed_later_is_noted(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(SOURCE)
    profiled = written(tmp_path, in_file(file, (4, "cached"), (11, "later")))
    os.utime(file, (2e9, 2e9))
    os.utime(profiled, (1e9, 1e9))
    table = load_file(profiled, cache=None)
    assert table.sources == {0: SOURCE}
    assert "changed since the profile was written" in table.notes[0]


def test_a_profile_does_not_make_us_read_secrets(tmp_path: Path) -> None:
    secret = tmp_path / "id_rsa"
    secret.write_text("PRIVATE KEY")
    (tmp_path / "notes.txt").write_text("def f(): pass")
    script = tmp_path / "script"
    script.write_text("#!/usr/bin/env python3\ndef f(): pass\n")
    pipe = tmp_path / "pipe.py"
    os.mkfifo(pipe)
    content = (
        in_file(secret, (1, "<module>"))
        | in_file(tmp_path / "notes.txt", (1, "f"))
        | in_file(script, (2, "f"))
        | in_file(pipe, (1, "<module>"))
        | in_file(Path("/proc/self/environ"), (1, "<module>"))
        | in_file(Path("/etc/\0/x.py"), (1, "<module>"))
    )
    table = loaded(tmp_path, content)
    assert [table.files[index] for index in table.sources] == [str(script)]


def test_only_so_much_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded_text, "MOST_FILES", 2)
    content: Stats = {}
    for number in range(4):
        file = tmp_path / f"m{number}.py"
        file.write_text("def f(): pass\n")
        content |= {(str(file), 1, "f"): (1, 1, float(number), 1.0, {})}
    table = loaded(tmp_path, content)
    assert sorted(table.places[index] for index in table.sources) == ["m2.py", "m3.py"]  # the costliest
    assert "2 files were not read" in table.notes[0]


# ------------------------------------------------------------ two profiles of one project


def test_two_profiles_of_one_project_get_one_root(tmp_path: Path) -> None:
    before = loaded(tmp_path, SMALL)
    content = {("D:\\checkout\\steps\\work.py", 10, "work"): (1, 1, 1.0, 1.0, {})}
    after = loaded(tmp_path, content)
    assert (list(before.places), list(after.places)) == (["main.py", "steps/work.py", "~"], ["work.py"])
    before, after = align(before, after)
    assert (list(before.places), list(after.places)) == (["main.py", "steps/work.py", "~"], ["steps/work.py"])


def test_profiles_without_a_file_in_common_keep_their_places(tmp_path: Path) -> None:
    before, after = loaded(tmp_path, SMALL), loaded(tmp_path, {("/x/other.py", 1, "f"): (1, 1, 1.0, 1.0, {})})
    assert align(before, after) == (before, after)


# ------------------------------------------------------------ perfkit's own runs


STAGED = """
from perfkit import stage

@stage("outer")
def outer(n):
    return inner(n) + inner(n)

@stage("inner")
def inner(n):
    return len(str(sum(range(n))))

class Model:
    def fit(self, n):
        return outer(n)

def run(n):
    return Model().fit(n)
"""


@pytest.fixture
def own_run(tmp_path: Path) -> tuple[model.ProfileRun, Path]:
    path = tmp_path / "baselines" / "demo.py"
    path.parent.mkdir()
    path.write_text(STAGED)
    module = types.ModuleType("demo")
    exec(compile(STAGED, str(path), "exec"), module.__dict__)  # noqa: S102
    profiler = cprofile.Profiler(module, path)
    profiler.run(lambda: module.run(20_000))
    folder = tmp_path / "run"
    folder.mkdir()
    profiler.save(folder)
    found = cprofile.read(folder, tmp_path)
    run = model.ProfileRun(
        id="1",
        variant=builders.variant(),
        inputs_from="",
        profiler="cprofile",
        seed=1,
        parameters={},
        started_at="",
        file=cprofile.FILE,
        traced_s=1.0,
        stages=(),
        python="3.11.7",
        **{field.name: getattr(found, field.name) for field in dataclasses.fields(found)},
    )
    return run, folder


def test_a_run_has_qualified_names_sources_and_edges(
    own_run: tuple[model.ProfileRun, Path], tmp_path: Path
) -> None:
    run, folder = own_run
    table = from_run(run, folder, tmp_path)
    assert [(one.file, one.line, one.name) for one in run.functions] == keys(table)
    assert table.self_s.tolist() == [one.self_s for one in run.functions]
    assert "Model.fit" in table.qualified
    assert (table.title, table.python) == ("baseline", "3.11.7")
    assert table.files[table.main] == "baselines/demo.py"
    assert table.places[table.main] == "baselines/demo.py"
    assert table.own[table.main]
    assert table.sources[table.main] == STAGED
    names = {
        (caller[2], callee[2]): cost
        for (caller, callee), cost in edges(table).items()
        if callee[0] == "baselines/demo.py"
    }
    assert names["run", "fit"][0] == 1
    assert names["<lambda>", "run"][0] == 1
    # Stages are decorated: their callers call perfkit, which calls them. It is taken out.
    assert names["fit", "outer"][0] == 1
    assert sum(cost[0] for (_, callee), cost in names.items() if callee == "inner") == 2
    assert {caller for caller, callee in names if callee == "inner"} <= {"fit", "outer"}
    assert not any("markers" in file for file in table.files)


def test_a_run_without_its_file_is_told(own_run: tuple[model.ProfileRun, Path], tmp_path: Path) -> None:
    run, folder = own_run
    (folder / cprofile.FILE).unlink()
    with pytest.raises(StoreError, match=r"profile\.prof"):
        from_run(run, folder, tmp_path)


def test_strings_are_a_sequence() -> None:
    strings = model.tables.Strings(["a", "b"], np.array([1, 0, 1], dtype=np.int32))
    assert list(strings) == ["b", "a", "b"]
    assert (strings[0], strings[-1], len(strings), strings.index("a")) == ("b", "b", 3, 1)
    assert list(strings[1:]) == ["a", "b"]
    assert "c" not in strings
    assert stage  # the pipeline above imports it
