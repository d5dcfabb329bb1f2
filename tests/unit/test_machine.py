"""What is seen of a machine: fake trees of /proc and /sys, one for each kind of machine."""

from __future__ import annotations

import dataclasses
import math
import os
from pathlib import Path

import psutil
import pytest

from perfkit import model
from perfkit.measure.machine import activity, overview
from perfkit.measure.machine.system import System, core_list, quota, stopped_s

CPU = "sys/devices/system/cpu"
THREADS = {"OMP_NUM_THREADS": "8"}
STEP_S = 5e-8

SERVER = {
    "proc/loadavg": "0.10 0.20 0.30 1/200 4000",
    "proc/stat": "cpu  1000 0 500 8000 100 0 10 0 0 0\ncpu0 1 2 3",
    "proc/meminfo": "MemTotal: 1000000 kB\nMemAvailable: 900000 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB",
    "proc/self/status": "Name:\tpython\nCpus_allowed_list:\t0-7",
    "proc/self/cgroup": "0::/user.slice/one.scope",
    "proc/cpuinfo": "processor: 0\nflags\t: fpu tsc sse2",
    "proc/sys/kernel/randomize_va_space": "2",
    "proc/sys/kernel/osrelease": "6.1.0",
    "proc/self/personality": "00000000",
    f"{CPU}/online": "0-7",
    f"{CPU}/smt/active": "0",
    f"{CPU}/cpufreq/boost": "0",
    "sys/fs/cgroup/cpu.stat": "usage_usec 1",
    "sys/fs/cgroup/user.slice/cpu.max": "max 100000",
    "sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc",
    "sys/class/power_supply/AC/type": "Mains",
    "sys/class/power_supply/AC/online": "1",
    "sys/class/thermal/thermal_zone0/type": "x86_pkg_temp",
    "sys/class/thermal/thermal_zone0/temp": "45000",
    **{f"{CPU}/cpu{n}/cpufreq/scaling_governor": "performance" for n in range(8)},
    **{f"{CPU}/cpu{n}/cpufreq/scaling_driver": "acpi-cpufreq" for n in range(8)},
    **{f"{CPU}/cpu{n}/topology/thread_siblings_list": str(n) for n in range(8)},
    **{f"{CPU}/cpu{n}/thermal_throttle/core_throttle_count": "0" for n in range(8)},
}
EVERYTHING = {
    "load", "steal time", "power", "governor", "turbo", "temperature", "cores", "hyper-threads", "quota",
    "threads", "swap", "clock source", "clock step", "virtualisation", "address layout",
}  # fmt: skip


def tree(root: Path, files: dict[str, str | None]) -> Path:
    """Write the server's files with changes; None takes one away."""
    for path, text in {**SERVER, **files}.items():
        if text is not None:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text + "\n")
    return root


def look(
    root: Path, files: dict[str, str | None], variables: dict[str, str] | None = None, tick_s: float = STEP_S
) -> dict[str, model.MachineCheck]:
    found = overview.look(
        tree(root, files), variables=THREADS if variables is None else variables, tick_s=tick_s
    )
    return {one.name: one for one in found.checks}


def levels(checks: dict[str, model.MachineCheck], level: str) -> set[str]:
    return {name for name, one in checks.items() if one.level == level}


def test_a_quiet_server_is_fine(tmp_path: Path) -> None:
    found = overview.look(tree(tmp_path, {}), variables=THREADS, tick_s=STEP_S)
    assert {one.name for one in found.checks} == EVERYTHING
    assert found.unseen == ()
    assert [one for one in found.checks if one.level != "ok"] == []
    assert all(one.seen and one.why.endswith(".") and not one.advice for one in found.checks)


def test_a_laptop_on_battery_that_saves_power(tmp_path: Path) -> None:
    checks = look(
        tmp_path,
        {
            "sys/class/power_supply/AC/online": "0",
            "sys/class/power_supply/BAT0/type": "Battery",
            "sys/class/power_supply/BAT0/status": "Discharging",
            "sys/class/power_supply/mouse/type": "Battery",
            "sys/class/power_supply/mouse/scope": "Device",
            "sys/class/power_supply/mouse/status": "Discharging",
            **{f"{CPU}/cpu{n}/cpufreq/scaling_governor": "powersave" for n in range(8)},
            f"{CPU}/cpufreq/boost": "1",
            f"{CPU}/smt/active": "1",
            **{
                f"{CPU}/cpu{n}/topology/thread_siblings_list": f"{n // 2 * 2}-{n // 2 * 2 + 1}"
                for n in range(8)
            },
            "sys/class/thermal/thermal_zone0/temp": "93000",
            f"{CPU}/cpu3/thermal_throttle/core_throttle_count": "12",
        },
    )
    assert levels(checks, "warning") == {"power", "governor", "temperature"}
    assert levels(checks, "note") == {"turbo", "hyper-threads"}
    assert checks["power"].seen == "on battery"
    assert checks["governor"].seen == "powersave (acpi-cpufreq)"
    assert checks["hyper-threads"].seen == "2 threads share each core"
    assert checks["temperature"].seen == "93 °C, throttled 12 times since the machine started"
    assert all(checks[name].advice for name in levels(checks, "warning") | levels(checks, "note"))


def test_a_mouse_that_runs_on_battery_is_no_laptop(tmp_path: Path) -> None:
    mouse = "sys/class/power_supply/mouse"
    checks = look(
        tmp_path,
        {
            "sys/class/power_supply/AC/online": None,
            "sys/class/power_supply/AC/type": None,
            f"{mouse}/type": "Battery",
            f"{mouse}/scope": "Device",
            f"{mouse}/status": "Discharging",
        },
    )
    assert checks["power"].seen == "no battery"


@pytest.mark.parametrize(
    ("governor", "driver", "level"),
    [
        ("performance", "intel_pstate", "ok"),
        ("powersave", "intel_pstate", "note"),  # its ordinary mode: it follows the load
        ("powersave", "intel_cpufreq", "warning"),
        ("powersave", "amd-pstate-epp", "note"),
        ("schedutil", "acpi-cpufreq", "note"),
    ],
)
def test_a_governor_means_what_its_driver_makes_of_it(
    tmp_path: Path, governor: str, driver: str, level: str
) -> None:
    names = {"scaling_governor": governor, "scaling_driver": driver}
    files: dict[str, str | None] = {
        f"{CPU}/cpu{n}/cpufreq/{file}": text for n in range(8) for file, text in names.items()
    }
    assert look(tmp_path, files)["governor"].level == level


def test_one_core_under_another_governor_is_seen(tmp_path: Path) -> None:
    checks = look(tmp_path, {f"{CPU}/cpu5/cpufreq/scaling_governor": "powersave"})
    assert checks["governor"].seen == "performance, powersave (acpi-cpufreq)"
    assert checks["governor"].level == "warning"


SECOND = {
    "sys/fs/cgroup/user.slice/one.scope/cpu.max": "50000 100000",
    "sys/fs/cgroup/user.slice/one.scope/cpu.stat": "nr_periods 900\nnr_throttled 7",
}
FIRST = {
    "proc/self/cgroup": "5:memory:/\n4:cpu,cpuacct:/docker/abc\n0::/",
    "sys/fs/cgroup/user.slice/cpu.max": None,
    "sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us": "50000",
    "sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us": "100000",
    "sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.stat": "nr_throttled 7",
}


@pytest.mark.parametrize(
    ("files", "expected_s"),
    [
        ({"sys/fs/cgroup/user.slice/one.scope/cpu.stat": "nr_throttled 7\nthrottled_usec 2500000"}, 2.5),
        ({**FIRST, "sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.stat": "throttled_time 3000000000"}, 3.0),
        ({"sys/fs/cgroup/user.slice/one.scope/cpu.stat": "nr_throttled x"}, None),
    ],
)
def test_time_that_a_group_was_stopped(
    tmp_path: Path, files: dict[str, str | None], expected_s: float | None
) -> None:
    assert stopped_s(System(tree(tmp_path, files))) == expected_s


@pytest.mark.parametrize(("files", "version"), [(SECOND, 2), (FIRST, 1)])
def test_half_a_core_is_a_warning(tmp_path: Path, files: dict[str, str | None], version: int) -> None:
    checks = look(tmp_path, files)
    assert checks["quota"].level == "warning"
    assert checks["quota"].seen == f"0.5 cores per 100 ms (control group v{version}), used up 7 times so far"
    # Eight threads share half a core.
    assert checks["threads"].level == "warning"
    assert checks["threads"].advice == "Set them to 1 at most."


def test_a_container_that_knows_its_group_by_the_name_of_the_host(tmp_path: Path) -> None:
    system = System(
        tree(
            tmp_path,
            {
                "proc/self/cgroup": "0::/kubepods/pod1/../../other",
                "sys/fs/cgroup/user.slice/cpu.max": None,
                "sys/fs/cgroup/cpu.max": "250000 100000",
            },
        )
    )
    found = quota(system)
    assert found is not None
    assert found.cores == 2.5


def test_the_tightest_quota_above_counts(tmp_path: Path) -> None:
    files = {
        "sys/fs/cgroup/user.slice/one.scope/cpu.max": "400000 100000",
        "sys/fs/cgroup/user.slice/cpu.max": "150000 100000",
    }
    checks = look(tmp_path, files, {"OMP_NUM_THREADS": "1"})
    assert checks["quota"].seen == "1.5 cores per 100 ms (control group v2)"
    assert checks["quota"].level == "note"
    assert checks["threads"].level == "ok"


def test_a_virtual_machine_whose_host_takes_time(tmp_path: Path) -> None:
    checks = look(
        tmp_path,
        {
            "proc/stat": "cpu  1000 0 500 8000 100 0 10 390 0 0",
            "proc/cpuinfo": "flags : fpu hypervisor tsc",
            "sys/class/dmi/id/sys_vendor": "QEMU",
            "sys/class/dmi/id/product_name": "Standard PC",
        },
    )
    assert levels(checks, "warning") == {"steal time"}
    assert checks["steal time"].seen == "3.9 % of the time since the machine started"
    assert checks["virtualisation"].seen == "a virtual machine (QEMU)"
    assert checks["virtualisation"].level == "note"


@pytest.mark.parametrize(
    ("files", "seen"),
    [
        ({".dockerenv": ""}, "a container (Docker)"),
        ({"run/.containerenv": ""}, "a container (Podman)"),
        ({"proc/1/cgroup": "0::/kubepods/pod7"}, "a container (Kubernetes)"),
        ({"proc/1/environ": "A=1\0container=lxd\0"}, "a container"),
        ({"proc/1/environ": "NOcontainer=lxd\0"}, "none"),
        ({"proc/sys/kernel/osrelease": "5.15.1-microsoft-standard-WSL2"}, "a virtual machine (WSL)"),
        (
            {"proc/cpuinfo": "flags: hypervisor", ".dockerenv": ""},
            "a virtual machine and a container (Docker)",
        ),
    ],
)
def test_what_is_around(tmp_path: Path, files: dict[str, str | None], seen: str) -> None:
    assert look(tmp_path, files)["virtualisation"].seen == seen


def test_an_empty_root_tells_nothing_and_breaks_nothing(tmp_path: Path) -> None:
    found = overview.look(tmp_path, variables={}, tick_s=STEP_S)
    assert [one.name for one in found.checks] == ["clock step"]
    assert set(found.unseen) == EVERYTHING - {"clock step"}


def test_a_root_that_is_not_there(tmp_path: Path) -> None:
    assert set(overview.look(tmp_path / "none", variables={}, tick_s=STEP_S).unseen) == EVERYTHING - {
        "clock step"
    }


@pytest.mark.parametrize(
    "text", ["", "garbage", "-1", "99999999999999999999999", "\0\xff", "0-", "1 2 3 4 5"]
)
def test_malformed_files_are_no_reason_to_fail(tmp_path: Path, text: str) -> None:
    found = overview.look(
        tree(tmp_path, dict.fromkeys(SERVER, text)), variables={"OMP_NUM_THREADS": text}, tick_s=STEP_S
    )
    assert {one.name for one in found.checks} | set(found.unseen) == EVERYTHING
    assert not {"cores", "quota", "steal time", "load"} & {
        one.name for one in found.checks if one.level == "warning"
    }


def test_folders_where_files_should_be(tmp_path: Path) -> None:
    for path in SERVER:
        (tmp_path / path).mkdir(parents=True)
    assert "load" in overview.look(tmp_path, variables={}, tick_s=STEP_S).unseen


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_files_that_may_not_be_read(tmp_path: Path) -> None:
    root = tree(tmp_path, {})
    (root / "proc/loadavg").chmod(0)
    assert "load" in overview.look(root, variables={}, tick_s=STEP_S).unseen


@pytest.mark.parametrize(
    ("load", "level"), [("3.9", "ok"), ("4.0", "note"), ("8.0", "warning"), ("nan", None)]
)
def test_load(tmp_path: Path, load: str, level: str | None) -> None:
    checks = look(tmp_path, {"proc/loadavg": f"{load} 1 1 1/2 3"})
    assert (checks["load"].level if "load" in checks else None) == level


@pytest.mark.parametrize(
    ("variables", "level", "seen"),
    [
        ({}, "ok", "not set"),
        ({"OMP_NUM_THREADS": "8"}, "ok", "at most 8, with 8 cores that can be used at once"),
        ({"OMP_NUM_THREADS": "4,2"}, "ok", "at most 4, with 8 cores that can be used at once"),
        ({"MKL_NUM_THREADS": "9"}, "warning", "MKL_NUM_THREADS=9, with 8 cores that can be used at once"),
        ({"OMP_NUM_THREADS": "many"}, "note", "OMP_NUM_THREADS='many' is no number of threads"),
        ({"OMP_NUM_THREADS": "0"}, "note", "OMP_NUM_THREADS='0' is no number of threads"),
    ],
)
def test_threads(tmp_path: Path, variables: dict[str, str], level: str, seen: str) -> None:
    found = look(tmp_path, {}, variables)["threads"]
    assert (found.level, found.seen) == (level, seen)


def test_a_cpuset_of_one_core(tmp_path: Path) -> None:
    checks = look(tmp_path, {"proc/self/status": "Cpus_allowed_list: 3"}, {"OMP_NUM_THREADS": "2"})
    assert checks["cores"].seen == "1 of 8 cores usable (numbers 3)"
    assert levels(checks, "note") == {"cores"}
    assert levels(checks, "warning") == {"threads"}


def test_cores_that_are_allowed_but_not_there_do_not_count(tmp_path: Path) -> None:
    checks = look(tmp_path, {"proc/self/status": "Cpus_allowed_list: 0-127"})
    assert checks["cores"].seen == "all 8 cores usable"


@pytest.mark.parametrize(
    ("swap_free", "available", "level"),
    [
        ("500000", "900000", "ok"),
        ("400000", "900000", "note"),
        ("500000", "50000", "note"),
        ("1", "50000", "warning"),
    ],
)
def test_swap(tmp_path: Path, swap_free: str, available: str, level: str) -> None:
    text = (
        f"MemTotal: 1000000 kB\nMemAvailable: {available} kB\nSwapTotal: 500000 kB\nSwapFree: {swap_free} kB"
    )
    assert look(tmp_path, {"proc/meminfo": text})["swap"].level == level


@pytest.mark.parametrize(
    ("source", "level"), [("kvm-clock", "ok"), ("hpet", "warning"), ("new-clock", "note")]
)
def test_clock_source(tmp_path: Path, source: str, level: str) -> None:
    path = "sys/devices/system/clocksource/clocksource0/current_clocksource"
    assert look(tmp_path, {path: source})["clock source"].level == level


@pytest.mark.parametrize(
    ("tick_s", "level", "seen"),
    [
        (4e-8, "ok", "40 ns"),
        (1e-5, "note", "10 µs"),
        (0.0156, "warning", "15,600 µs"),
        (math.inf, "warning", "it was"),
    ],
)
def test_clock_step(tmp_path: Path, tick_s: float, level: str, seen: str) -> None:
    found = look(tmp_path, {}, tick_s=tick_s)["clock step"]
    assert found.level == level
    assert found.seen.startswith(seen)


@pytest.mark.parametrize(
    ("mode", "personality", "level"),
    [("2", "00000000", "ok"), ("1", "00000000", "ok"), ("0", "00000000", "note"), ("2", "00040000", "note")],
)
def test_address_layout(tmp_path: Path, mode: str, personality: str, level: str) -> None:
    files: dict[str, str | None] = {
        "proc/sys/kernel/randomize_va_space": mode,
        "proc/self/personality": personality,
    }
    assert look(tmp_path, files)["address layout"].level == level


def test_the_step_of_a_clock_that_ticks_seldom() -> None:
    reading = iter(range(10**9))
    assert overview.clock_step_s(lambda: next(reading) // 1000 * 0.25) == 0.25


def test_the_step_of_a_clock_that_stands_still_or_runs_backwards() -> None:
    assert overview.clock_step_s(lambda: 1.0) == math.inf
    reading = iter(range(10**9))
    assert overview.clock_step_s(lambda: -next(reading)) == math.inf


@pytest.mark.parametrize(
    ("text", "cores"),
    [("0", {0}), ("0-2,5", {0, 1, 2, 5}), (" 0 , 2 ", {0, 2}), ("3-1", None), ("", None), (None, None),
     ("0-999999", None), ("a", None), ("0-", None), ("1,,2", None)],
)  # fmt: skip
def test_core_lists(text: str | None, cores: set[int] | None) -> None:
    assert core_list(text) == cores


def test_this_machine_can_be_looked_at_and_is_not_changed() -> None:
    found = overview.look()
    names = [one.name for one in found.checks] + list(found.unseen)
    assert set(names) == EVERYTHING
    assert len(names) == len(EVERYTHING)


def test_without_proc_and_sys_the_libraries_are_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As on macOS."""
    system = System(tmp_path)
    system.native = True
    monkeypatch.setattr(overview, "System", lambda _root: system)
    monkeypatch.setattr(os, "getloadavg", lambda: (0.5, 0.0, 0.0))
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    battery = type("Battery", (), {"power_plugged": False})()
    monkeypatch.setattr(psutil, "sensors_battery", lambda: battery, raising=False)
    monkeypatch.setattr(psutil, "swap_memory", type("Swap", (), {"used": 0}))
    checks = {one.name: one for one in overview.look(variables={}, tick_s=STEP_S).checks}
    assert {"load", "power", "cores", "threads", "swap", "clock step"} == set(checks)
    assert checks["power"].level == "warning"
    assert checks["load"].seen == "0.50 over the last minute, on 4 cores"


# ---------------------------------------------------------------- between two looks

BEFORE = activity.Snapshot(
    at_s=100.0,
    cores=4,
    busy_s=50.0,
    own_s=5.0,
    ticks=(10, 10_000),
    quota_stops=3,
    heat_stops=0,
    processes={(7, 1.0): ("browser", 20.0), (8, 1.0): ("idle", 1.0)},
)


def later(**changes: object) -> dict[str, model.MachineCheck]:
    quiet = dataclasses.replace(BEFORE, at_s=110.0, busy_s=59.0, own_s=14.0, ticks=(10, 14_000))
    after = dataclasses.replace(quiet, **changes)  # type: ignore[arg-type]
    return {one.name: one for one in activity.between(BEFORE, after).checks}


def test_nothing_else_happened() -> None:
    checks = later()
    assert {one.level for one in checks.values()} == {"ok"}
    assert checks["other work"].seen == "0.00 of 4 cores busy"


def test_others_worked_and_are_named() -> None:
    processes = {(7, 1.0): ("browser", 45.0), (8, 1.0): ("idle", 1.1), (9, 105.0): ("new", 4.0)}
    found = later(busy_s=88.0, processes=processes)["other work"]
    assert found.level == "warning"
    assert found.seen == (
        "2.90 of 4 cores busy; busiest: browser (process 7) with 2.50 and new (process 9) with 0.40"
    )


def test_a_process_that_got_the_number_of_another_is_another() -> None:
    found = later(busy_s=65.0, processes={(7, 104.0): ("other", 6.0)})["other work"]
    assert found.seen == "0.60 of 4 cores busy; busiest: other (process 7) with 0.60"
    assert found.level == "note"


def test_what_was_taken_away_meanwhile() -> None:
    checks = later(ticks=(90, 14_000), quota_stops=5, heat_stops=1)
    assert checks["steal time"].level == "warning"
    assert checks["steal time"].seen == "2 % of the time"
    assert checks["quota"].seen == "used up 2 times"
    assert checks["temperature"].seen == "throttled 1 time"


def test_what_the_system_does_not_tell_and_clocks_that_stand_still() -> None:
    nothing = dataclasses.replace(BEFORE, busy_s=None, ticks=None, quota_stops=None, heat_stops=None)
    assert activity.between(nothing, nothing).checks == ()
    found = activity.between(BEFORE, BEFORE)  # no time has passed
    assert set(found.unseen) == {"other work", "steal time"}


def test_counters_that_fall_back_are_no_negative_work() -> None:
    checks = later(busy_s=10.0, ticks=(0, 14_000), quota_stops=0)
    assert {one.level for one in checks.values()} == {"ok"}


def test_a_snapshot_of_a_tree(tmp_path: Path) -> None:
    found = activity.snapshot(
        System(tree(tmp_path, {**SECOND, f"{CPU}/cpu2/thermal_throttle/core_throttle_count": "4"}))
    )
    assert found.busy_s == pytest.approx(15.1)
    assert found.ticks == (0, 9610)
    assert (found.quota_stops, found.heat_stops) == (7, 4)
    assert found.processes == {}


def test_a_snapshot_of_this_machine_leaves_out_this_process() -> None:
    assert os.getpid() not in {pid for pid, _ in activity.snapshot().processes}
