"""Rotation: a new key comes, everything is sealed anew under it while the house runs, the old key goes.

1. The new key is put before the old ones in the key file. From here on every process seals with it (they look at
   the file before each use) and opens with all of them.
2. What an older key sealed is sealed anew, in short transactions.
3. Once no write that was begun under the old key can still be on its way, this is done a second time.
4. The old keys are taken out of the file.

Killed at any point, everything stays readable; begun again, it goes on: a file with several keys is a rotation under
way.
"""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from cases.database import WAIT_SECONDS
from cases.keys import KeyFile, new_key, parse_keys
from cases.vault import Vault

SETTLE_SECONDS: Final = WAIT_SECONDS + 10
"""Longest time between sealing a value and storing it: a writer waits its turn for WAIT_SECONDS at most."""

DATA_KEY_FILE: Final = "sealed.key"
"""A part with a store of its own keeps that store's key in this file in its folder, sealed by the vault."""

Reseal = Callable[[], int]
"""Seals anew what an older key sealed, somewhere; how many values."""


def rotate(file: KeyFile, places: Sequence[Reseal], settle: float = SETTLE_SECONDS) -> int:
    """Bring in a new key (or finish bringing it in) and retire the old ones; how many values were sealed anew.

    Raises KeyMissing (the file cannot be written), KeyExists (another rotation runs), and what `places` raise; all
    keys then stay.
    """
    with file.locked():
        keys = file.read()
        if len(keys) == 1:
            file.replace((*parse_keys(new_key(), "the new key"), *keys))
            keys = file.read()
        done = sum(reseal() for reseal in places)
        time.sleep(max(0.0, file.changed_at() + settle - time.time()))
        while late := sum(reseal() for reseal in places):
            done += late
        file.replace(keys[:1])
    return done


def reseal_data_keys(data: Path, vault: Vault) -> int:
    """Seal anew the data keys of the parts that keep a store of their own below `data`."""
    done = 0
    for path in sorted(data.glob(f"*/{DATA_KEY_FILE}")):
        sealed, context = path.read_bytes(), data_key_place(path.parent.name)
        if not vault.is_newest(sealed):
            draft = path.with_suffix(".draft")
            draft.touch(mode=0o600)
            with draft.open("wb") as written:
                written.write(vault.reseal(sealed, context))
                written.flush()
                os.fsync(written.fileno())
            draft.replace(path)
            done += 1
    return done


def data_key_place(part: str) -> str:
    """What the sealed data key of a part is bound to."""
    return f"data key:{part}"
