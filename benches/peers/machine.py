"""What the numbers were measured on."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

#: In the order of a reader's interest, as /proc/cpuinfo spells them.
_FLAGS = (
    "avx2",
    "fma",
    "avx512f",
    "avx512bw",
    "avx512dq",
    "avx512vl",
    "avx512_vnni",
    "avx512_bf16",
    "amx_tile",
    "asimd",
)


def describe() -> dict[str, str]:
    """The CPU, its cores and instruction sets, memory, and the system."""
    info = _cpuinfo()
    flags = (info.get("flags") or info.get("Features") or "").split()
    facts = {
        "CPU": info.get("model name") or _mac_cpu() or platform.processor() or platform.machine(),
        "cores": f"{available_cores()} available, {os.cpu_count()} in the machine",
        "instruction sets": " ".join(flag for flag in _FLAGS if flag in flags),
        "memory": _memory(),
        "system": f"{platform.system()} {platform.release().split('-')[0]}, {platform.machine()}",
        "Python": platform.python_version(),
    }
    return {name: value for name, value in facts.items() if value}


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def keep_to(cores: int) -> None:
    """Keeps this process and its children to so many cores, where the system can."""
    if hasattr(os, "sched_setaffinity") and cores < available_cores():
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])


def _cpuinfo() -> dict[str, str]:
    file = Path("/proc/cpuinfo")
    if not file.exists():
        return {}
    first, _, _ = file.read_text().partition("\n\n")
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _mac_cpu() -> str:
    if sys.platform != "darwin":
        return ""
    command = ["sysctl", "-n", "machdep.cpu.brand_string"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _memory() -> str:
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB"
    except (ValueError, OSError):
        return ""
