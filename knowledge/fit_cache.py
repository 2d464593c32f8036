"""What a fit came to, kept in a folder by content, so that a start of the same knowledge fits nothing anew."""

import contextlib
import zipfile
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.calibration import Calibration
from knowledge.features import LinearBlock, Vocabulary
from knowledge.phrasings import Fit
from knowledge.vector_cache import write_whole

MOST_FITS = 16
"""Fits that are kept, the newest: ten megabytes each for 6,000 phrasings of 50 entries."""

CODE = (
    "text",
    "tongue",
    "features",
    "kernel",
    "softmax",
    "calibration",
    "phrasings",
    "encoder",
    "encoder_graph",
    "encoder_package",
    "fit_cache",
)
"""Modules of which every change may change a fit."""


class FitCache:
    """Fits by what they were fitted to. Processes may share the folder."""

    def __init__(self, folder: Path) -> None:
        """Keep them in this folder."""
        self._folder = folder
        digest = blake2b(digest_size=16)
        for module in CODE:
            digest.update(Path(__file__).with_name(f"{module}.py").read_bytes())
        self._code = digest.digest()

    def get(self, fitted_to: bytes) -> Fit | None:
        """Return the fit, None if it is not kept or cannot be read."""
        try:
            with self._file(fitted_to).open("rb") as file, np.load(file, allow_pickle=False) as kept:
                blocks = _block(kept, "words"), _block(kept, "characters")
                return Fit(kept["weights"], *blocks, Calibration(*kept["calibration"].tolist()), kept["held_out"])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def keep(self, fitted_to: bytes, fit: Fit) -> None:
        """Keep a fit, and only the newest of the others; where nothing can be written, nothing is kept."""

        def write(path: Path) -> None:
            arrays: dict[str, Any] = _arrays("words", fit.words) | _arrays("characters", fit.characters)
            arrays["calibration"] = np.array([fit.calibration.sharpness, fit.calibration.sure])
            np.savez(path, weights=fit.weights, held_out=fit.held_out, **arrays)

        with contextlib.suppress(OSError):
            write_whole(self._file(fitted_to), write)
            kept = sorted(self._folder.glob("fit-*.npz"), key=lambda file: file.stat().st_mtime)
            for old in kept[:-MOST_FITS]:
                old.unlink(missing_ok=True)

    def _file(self, fitted_to: bytes) -> Path:
        return self._folder / f"fit-{blake2b(self._code + fitted_to, digest_size=12).hexdigest()}.npz"


def _arrays(name: str, block: LinearBlock) -> dict[str, NDArray[Any]]:
    """What `_block` reads: no feature has a line break in it."""
    known = block.vocabulary
    return {
        f"{name}.features": np.frombuffer("\n".join(known.number).encode(), np.uint8),
        f"{name}.rarity": np.append(known.rarity, known.strange_rarity),
        f"{name}.weights": block.weights,
    }


def _block(kept: Mapping[str, NDArray[Any]], name: str) -> LinearBlock:
    features, rarity = kept[f"{name}.features"].tobytes().decode(), kept[f"{name}.rarity"]
    number = {feature: number for number, feature in enumerate(features.split("\n") if features else [])}
    return LinearBlock(Vocabulary(number, rarity[:-1], float(rarity[-1])), kept[f"{name}.weights"])
