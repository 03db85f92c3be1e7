"""What this endpoint is and what it is doing: one module per kind of fact."""

from __future__ import annotations

from agent.platform import this_platform
from agent.platform.base import LANGUAGES
from agent.wire.messages import Facts, Metrics


def collect_facts() -> Facts:
    """What this endpoint is. Takes some 10 to 100 ms; safe in any thread."""
    from agent import __version__
    from agent.probes import cpu_memory, disks, network, os_info

    platform = this_platform()
    os_name, os_version = platform.os_name_and_version()
    known = platform.machine_facts()
    return Facts(
        hostname=os_info.hostname(),
        os_type=platform.os_type,
        os_name=os_name,
        os_version=os_version,
        architecture=os_info.architecture(),
        cpu_model=known.get("cpu_model", ""),
        cpu_count=cpu_memory.cpu_count(),
        memory_total=cpu_memory.memory()[1],
        agent_version=__version__,
        languages=tuple(name for name in LANGUAGES if platform.interpreter(name)),
        disks=disks.disks(),
        addresses=network.addresses(),
        serial=known.get("serial", ""),
        machine_id=known.get("machine_id", ""),
        manufacturer=known.get("manufacturer", ""),
        model=known.get("model", ""),
        time_zone=known.get("time_zone", ""),
        signed_in=os_info.signed_in(),
        booted_at=os_info.booted_at(),
    )


def read_metrics() -> Metrics:
    """What this endpoint is doing now. Never waits; the CPU share is that since the last call."""
    from agent.probes import cpu_memory, disks, os_info

    memory_used, memory_total = cpu_memory.memory()
    disk_used, disk_total = disks.together()
    return Metrics(
        cpu_percent=cpu_memory.cpu_percent(),
        memory_used=memory_used,
        memory_total=memory_total,
        disk_used=disk_used,
        disk_total=disk_total,
        uptime_s=os_info.uptime_s(),
        swap_used=cpu_memory.swap_used(),
    )
