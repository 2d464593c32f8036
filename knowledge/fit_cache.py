"""What a fit came to, kept in a folder by content, so that a start of the same knowledge fits nothing anew."""

import contextlib
import zipfile
from hashlib import blake2b
from pathlib import Path

import numpy as np

from knowledge.calibration import Calibration
from knowledge.features import Matrix
from knowledge.vector_cache import write_whole

MOST_FITS = 8
"""Fits that are kept, the newest: a megabyte each for 5,000 phrasings of 50 entries."""

CODE = (
    "text",
    "features",
    "kernel",
    "softmax",
    "calibration",
    "phrasings",
    "encoder",
    "encoder_graph",
    "encoder_package",
)
"""Modules of which every change may change a fit."""


class FitCache:
    """Weights and calibration by what they were fitted to. Processes may share the folder."""

    def __init__(self, folder: Path) -> None:
        """Keep them in this folder."""
        self._folder = folder
        digest = blake2b(digest_size=16)
        for module in CODE:
            digest.update(Path(__file__).with_name(f"{module}.py").read_bytes())
        self._code = digest.digest()

    def get(self, fitted_to: bytes) -> tuple[Matrix, Calibration] | None:
        """Return the weights of the phrasings and the calibration, None if they are not kept or cannot be read."""
        try:
            with self._file(fitted_to).open("rb") as file, np.load(file, allow_pickle=False) as kept:
                sharpness, sure = kept["calibration"].tolist()
                return kept["weights"], Calibration(sharpness, sure)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def keep(self, fitted_to: bytes, weights: Matrix, calibration: Calibration) -> None:
        """Keep a fit, and only the newest of the others; where nothing can be written, nothing is kept."""
        numbers = np.array([calibration.sharpness, calibration.sure])
        with contextlib.suppress(OSError):
            write_whole(self._file(fitted_to), lambda path: np.savez(path, weights=weights, calibration=numbers))
            kept = sorted(self._folder.glob("fit-*.npz"), key=lambda file: file.stat().st_mtime)
            for old in kept[:-MOST_FITS]:
                old.unlink(missing_ok=True)

    def _file(self, fitted_to: bytes) -> Path:
        return self._folder / f"fit-{blake2b(self._code + fitted_to, digest_size=12).hexdigest()}.npz"
