"""Random draws that depend on the seed and on what they are for, never on the order in which the parts are made."""

import hashlib

import numpy as np


def generator(seed: int, *purpose: object) -> np.random.Generator:
    """Give the generator of one purpose, such as ("usage", "2026-03"): the same for the same seed, always."""
    text = "\x1f".join(str(part) for part in (seed, *purpose))
    return np.random.Generator(np.random.PCG64(int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")))
