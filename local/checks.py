"""What `./run doctor` asks of this machine: room on the disk, and the house on the data folder. Changes nothing."""

import os
from collections.abc import Mapping, Sequence

from checkup import Check, Finding, broken, warning, well
from local import running
from local.child import State
from local.errors import NotRunning
from local.settings import LocalSettings

_MEGABYTE = 1_000_000
_FULL = 0.1
"""Below this share of the wished-for room nothing can be relied on any more."""
_OFTEN = 3


def check_disk(settings: LocalSettings) -> Sequence[Finding]:
    """Room and inodes left where the data folder is, or will be."""
    folder = settings.folder
    while not folder.exists():
        folder = folder.parent
    disk = os.statvfs(folder)
    free, inodes = disk.f_bavail * disk.f_frsize, disk.f_favail
    says = f"{free / 1e9:.1f} GB and {inodes:,} inodes are free at {settings.folder}."
    remedy = "Make room, move the data folder (SKINGPT_DATA), or shorten SKINGPT_RETENTION_DAYS."
    # Some file systems count no inodes; they then have none to run out of.
    share = min(free / (settings.disk_free_mb * _MEGABYTE), inodes / settings.disk_free_inodes if disk.f_files else 1)
    facts = {"free_bytes": free, "free_inodes": inodes}
    if share < _FULL:
        return [broken("disk", says, remedy, **facts)]
    if share < 1:
        return [warning("disk", says, remedy, **facts)]
    if not os.access(folder, os.W_OK | os.X_OK):
        return [broken("disk", f"{folder} cannot be written.", "Give it to the user who runs this.", **facts)]
    return [well("disk", says, **facts)]


def check_house(settings: LocalSettings, environment: Mapping[str, str]) -> Sequence[Finding]:
    """Whether the house on this data folder runs, and which of its parts do not. Nothing where it is elsewhere."""
    try:
        house = running.find(settings.folder)
    except NotRunning as error:
        if "SKINGPT_BROKER_URL" in environment:
            return []
        return [broken("house", str(error).partition(". ")[0] + ".", "Run: ./run up")]
    found = [_part(settings, name, part) for name, part in house.parts.items() if part["state"] not in _FINE]
    often = [name for name, part in house.parts.items() if int(part["restarts"] or 0) > _OFTEN]
    if often:
        remedy = f"The ends of their lives are in {settings.folder / 'logs'}."
        found.append(warning("house", f"{', '.join(often)} had to be started again many times.", remedy))
    told = well("house", f"It runs as process {house.pid}: {house.page}.", pid=house.pid)
    return found or [told]


_FINE = frozenset({State.UP, State.DONE})


def _part(settings: LocalSettings, name: str, part: Mapping[str, int | str | None]) -> Finding:
    if part["state"] in (State.WAITING, State.STARTING) and not part["restarts"]:
        return warning("house", f"Its part {name} is only just starting.", "Ask again in a minute.", restarts=0)
    says = f"Its part {name} is {part['state']} (started again {part['restarts']} times)."
    return broken("house", says, f"See {settings.folder / 'logs' / name}.log for why.", restarts=part["restarts"])


CHECKS: Mapping[str, Check] = {
    "disk": lambda: check_disk(LocalSettings()),
    "house": lambda: check_house(LocalSettings(), os.environ),
}
