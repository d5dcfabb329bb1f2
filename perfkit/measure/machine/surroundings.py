"""Checks of what surrounds a run: other work, memory, power, the clock, the machine beneath, the layout."""

from __future__ import annotations

import math
import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil

from perfkit.measure.machine.checks import above, count, judge
from perfkit.measure.machine.system import whole

if TYPE_CHECKING:
    from perfkit.measure.machine.checks import Seen
    from perfkit.measure.machine.system import System
    from perfkit.model import Level, MachineCheck

BUSY, HALF_BUSY = 1.0, 0.5  # load per core
STOLEN, SOME_STOLEN = 0.01, 0.001  # share of the time
COARSE_S, FINE_S = 1e-4, 1e-6

_LITTLE_MEMORY = 0.1  # share of it that is available
_SWAP_BYTES = 64 * 1024**2  # less is left over from long ago
_KIB = 1024
_SUPPLIES = "sys/class/power_supply"
_CLOCK = "sys/devices/system/clocksource/clocksource0/current_clocksource"
_SLOW_CLOCKS = {"hpet", "acpi_pm", "jiffies", "refined-jiffies", "pit"}
_QUICK_CLOCKS = {"tsc", "arch_sys_counter", "kvm-clock", "hyperv_clocksource_tsc_page", "riscv_clocksource"}
_HYPERVISORS = {
    "kvm": "KVM",
    "qemu": "QEMU",
    "vmware": "VMware",
    "virtualbox": "VirtualBox",
    "innotek": "VirtualBox",
    "xen": "Xen",
    "amazon ec2": "Amazon EC2",
    "google compute": "Google Compute Engine",
    "microsoft corporation virtual": "Hyper-V",
    "parallels": "Parallels",
    "bochs": "Bochs",
    "apple virtualization": "Apple Virtualization",
}
_CONTAINERS = {"docker": "Docker", "kubepods": "Kubernetes", "containerd": "containerd", "lxc": "LXC"}
_NO_RANDOM_ADDRESSES = 0x0040000  # ADDR_NO_RANDOMIZE of personality(2)


def load(seen: Seen) -> MachineCheck | None:
    """Look at the load of the last minute."""
    load: float | None = None
    words = (seen.system.text("proc/loadavg") or "").split()
    with suppress(ValueError, IndexError):
        load = float(words[0])
    if load is None and seen.system.native:
        with suppress(OSError):
            load = os.getloadavg()[0]
    if load is None or seen.cores is None or not 0 <= load < math.inf:
        return None
    return judge(
        "load",
        above(load / seen.cores, HALF_BUSY, BUSY),
        f"{load:.2f} over the last minute, on {count(seen.cores, 'core')}",
        "Other work takes cores and caches from what is measured, and pairs scatter more.",
        "Close what else runs, or wait until the load has fallen.",
    )


def steal_time(seen: Seen) -> MachineCheck | None:
    """Look at what a host took away since the machine started."""
    times = stolen(seen.system)
    if times is None:
        return None
    share = times[0] / times[1]
    return judge(
        "steal time",
        above(share, SOME_STOLEN, STOLEN),
        f"{100 * share:.2g} % of the time since the machine started",
        "What the host gives to other machines meanwhile is missing here, and a run that waits looks slow.",
        "Measure at a quieter hour or on a machine of its own, and trust pairs only.",
    )


def stolen(system: System) -> tuple[int, int] | None:
    """Return the time that a host took away, and all time, in the kernel's ticks since the start."""
    words = next((line.split()[1:] for line in system.lines("proc/stat") if line.startswith("cpu ")), [])
    ticks = [whole(word) for word in words[:8]]
    known = [tick for tick in ticks if tick is not None and tick >= 0]
    if len(known) < 8 or not sum(known):  # noqa: PLR2004  user, nice, system, idle, iowait, irq, softirq, steal
        return None
    return known[7], sum(known)


def swap(seen: Seen) -> MachineCheck | None:
    """Look whether memory is short."""
    memory = {name: value * _KIB for name, value in seen.system.fields("proc/meminfo").items()}
    used: int | None = None
    if "SwapTotal" in memory and "SwapFree" in memory:
        used = memory["SwapTotal"] - memory["SwapFree"]
    elif seen.system.native:
        with suppress(OSError, RuntimeError, ValueError):
            used = psutil.swap_memory().used
    if used is None:
        return None
    total, available = memory.get("MemTotal", 0), memory.get("MemAvailable")
    scarce = total > 0 and available is not None and available < _LITTLE_MEMORY * total
    swapped = used > _SWAP_BYTES
    words = f"{used / 1024**2:,.0f} MiB in use" if used > 0 else "none in use"
    if scarce and available is not None:
        words += f", and only {100 * available / total:.0f} % of the memory available"
    return judge(
        "swap",
        "warning" if scarce and swapped else "note" if scarce or swapped else "ok",
        words,
        "A page that must be read back from disk takes as long as a short run.",
        "Close what holds much memory before measuring.",
    )


def power(seen: Seen) -> MachineCheck | None:
    """Look whether the machine runs on battery."""
    why = "On battery the system lowers the clock rate when it sees fit."
    advice = "Plug the machine in."

    def told(*, plugged: bool) -> MachineCheck:
        level: Level = "ok" if plugged else "warning"
        return judge("power", level, "on mains" if plugged else "on battery", why, advice)

    if not seen.system.is_folder(_SUPPLIES):
        battery = None
        if seen.system.native and hasattr(psutil, "sensors_battery"):
            with suppress(OSError, RuntimeError, ValueError):
                battery = psutil.sensors_battery()
        if battery is None or battery.power_plugged is None:
            return None
        return told(plugged=battery.power_plugged)
    kinds = seen.system.texts(f"{_SUPPLIES}/*/type")
    batteries, mains = [], []
    for path, kind in kinds.items():
        folder = path.removesuffix("/type")
        if kind == "Battery" and seen.system.text(f"{folder}/scope") != "Device":  # not a mouse's
            batteries.append(seen.system.text(f"{folder}/status"))
        elif kind != "Battery":
            mains.append(seen.system.number(f"{folder}/online"))
    if not batteries:
        return judge("power", "ok", "no battery", why, advice)
    return told(plugged=any(mains) or "Discharging" not in batteries)


def clock_source(seen: Seen) -> MachineCheck | None:
    """Look at what the kernel tells the time by."""
    source = (seen.system.text(_CLOCK) or "").split("\n")[0]
    if not source:
        return None
    level: Level = "ok" if source in _QUICK_CLOCKS else "warning" if source in _SLOW_CLOCKS else "note"
    return judge(
        "clock source",
        level,
        source,
        "The clock is read without asking the kernel."
        if level == "ok"
        else "Reading this clock takes a call to the kernel, which lengthens short stages.",
        f"Choose a quicker one of those in /{_CLOCK.replace('current', 'available')}, such as tsc.",
    )


def clock_step(seen: Seen) -> MachineCheck:
    """Judge the smallest step of the clock that times runs."""
    step = seen.tick_s
    if not 0 < step < math.inf:
        words = "it was not seen to move"
    elif step < FINE_S:
        words = f"{1e9 * step:.0f} ns"
    else:
        words = f"{1e6 * step:,.0f} µs"
    return judge(
        "clock step",
        above(step if step > 0 else math.inf, FINE_S, COARSE_S),
        words,
        "What takes less than some steps of the clock cannot be timed.",
        "Give the pipeline so much to do that a run takes a thousand steps.",
    )


def virtualisation(seen: Seen) -> MachineCheck | None:
    """Look for a virtual machine or a container around."""
    system = seen.system
    host, container = _hypervisor(system), _container(seen)
    if host is None and not container:
        return None
    virtual = host not in {None, "none"}
    parts = [f"a virtual machine{f' ({host})' if host else ''}"] if virtual else []
    parts += [f"a container{f' ({container})' if container != 'some' else ''}"] if container else []
    return judge(
        "virtualisation",
        "note" if virtual else "ok",
        " and ".join(parts) or "none",
        "Other machines on the same host share its caches and its memory, and none of that is visible here."
        if virtual
        else "Nothing stands between the system and the processor.",
        "Trust pairs only, and repeat what matters on another day or machine.",
    )


def _hypervisor(system: System) -> str | None:
    """Return the hypervisor's name, empty if it is not known, ``none`` without one, None if nothing tells."""
    maker = " ".join(system.text(f"sys/class/dmi/id/{one}") or "" for one in ("sys_vendor", "product_name"))
    kind = system.text("sys/hypervisor/type") or system.text("proc/device-tree/hypervisor/compatible") or ""
    kernel = system.text("proc/sys/kernel/osrelease") or ""
    words = f"{maker} {kind}".lower()
    name = next((name for word, name in _HYPERVISORS.items() if word in words), "")
    if "microsoft" in kernel.lower():
        name = "WSL"
    flags = [line.split() for line in system.lines("proc/cpuinfo") if line.startswith(("flags", "Features"))]
    if name or (flags and "hypervisor" in flags[0]):
        return name
    return "none" if flags else None


def _container(seen: Seen) -> str:
    """Return the kind of container, ``some`` if it is not known which, empty for none."""
    system = seen.system
    if system.exists(".dockerenv"):
        return "Docker"
    if system.exists("run/.containerenv"):
        return "Podman"
    if "KUBERNETES_SERVICE_HOST" in seen.variables:
        return "Kubernetes"
    groups = (system.text("proc/1/cgroup") or "") + (system.text("proc/self/cgroup") or "")
    name = next((name for word, name in _CONTAINERS.items() if word in groups), "")
    first = system.text("proc/1/environ") or ""
    return name or ("some" if re.search(r"(?:^|\0)container=.", first) else "")


def address_layout(seen: Seen) -> MachineCheck | None:
    """Look whether each process gets a memory layout of its own."""
    mode = seen.system.number("proc/sys/kernel/randomize_va_space")
    if mode is None:
        return None
    personality = 0
    with suppress(ValueError):
        personality = int(seen.system.text("proc/self/personality") or "0", 16)
    off = mode == 0 or bool(personality & _NO_RANDOM_ADDRESSES)
    return judge(
        "address layout",
        "note" if off else "ok",
        "the same in every process" if off else "random" if mode > 1 else "random, but for the heap",
        "The luck of one layout is then in every run of a side, and more pairs do not average it out."
        if off
        else "Each run has a layout of its own, so that the luck of one averages out.",
        "Turn the randomisation on: `sudo sysctl kernel.randomize_va_space=2`, and no `setarch -R`.",
    )
