"""The vectors of the starter texts under the bundled model, shipped so that a first start computes nothing.

They are only a saving: what a text changed since has no vector here and is computed. After changing texts:

    python -m knowledge.shipped_vectors      write the file anew, from the library of SKINGPT_DATA
"""

from pathlib import Path

import numpy as np
from sqlalchemy import select

from knowledge import catalogue, tables
from knowledge.database import reading
from knowledge.index_keeper import embedded_text
from knowledge.library import Library
from knowledge.vectors import vector_key

FILE = Path(__file__).parent / "guidelines" / "vectors.npz"


def write(library: Library, file: Path = FILE) -> int:
    """Writes the vectors of all that is live; how many. Numbers keep 16 bits: cosines change by less than 0.001."""
    with reading(library.engine) as connection:
        chunks, names = catalogue.live_chunks(connection), catalogue.live_names(connection)
        texts = [embedded_text(row.title, row.section, row.text) for row in chunks] + [row.phrase for row in names]
        wanted = {vector_key(library.model, text) for text in texts}
        rows = connection.execute(select(tables.vectors)).all()
    kept = sorted((row.key, row.numbers) for row in rows if row.key in wanted)
    keys = np.frombuffer(b"".join(bytes.fromhex(key) for key, _ in kept), dtype=np.uint8).reshape(-1, 32)
    numbers = np.stack([np.frombuffer(stored, dtype=np.float32) for _, stored in kept]).astype(np.float16)
    np.savez_compressed(file, keys=keys, numbers=numbers)
    return len(kept)


def read(file: Path = FILE) -> dict[str, bytes]:
    """Each vector as it is stored in the database, by its key; empty where the file is missing."""
    if not file.is_file():
        return {}
    with np.load(file, allow_pickle=False) as shipped:
        keys, numbers = shipped["keys"], shipped["numbers"].astype(np.float32)
    return {bytes(key).hex(): vector.tobytes() for key, vector in zip(keys, numbers, strict=True)}


def main() -> None:
    """Loads the starter texts into the library of the settings and writes their vectors."""
    from knowledge.library import load_starter
    from knowledge.opening import open_for_command
    from knowledge.settings import KnowledgeSettings

    with open_for_command(KnowledgeSettings()) as (library, _):
        load_starter(library)
        print(f"{write(library)} vectors in {FILE.name}")


if __name__ == "__main__":
    main()
