"""What a fit came to, kept in a folder by content, so that a start of the same knowledge fits nothing anew."""

import contextlib
import zipfile
from hashlib import blake2b
from pathlib import Path

import numpy as np

from knowledge.calibration import Calibration
from knowledge.phrasings import Fit
from knowledge.vector_cache import write_whole

MOST_FITS = 16
"""Fits that are kept, the newest: two megabytes each for 5,000 phrasings of 50 entries."""

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
                sharpness, sure = kept["calibration"].tolist()
                return Fit(kept["weights"], Calibration(sharpness, sure), kept["held_out"])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def keep(self, fitted_to: bytes, fit: Fit) -> None:
        """Keep a fit, and only the newest of the others; where nothing can be written, nothing is kept."""

        def write(path: Path) -> None:
            calibration = np.array([fit.calibration.sharpness, fit.calibration.sure])
            np.savez(path, weights=fit.weights, calibration=calibration, held_out=fit.held_out)

        with contextlib.suppress(OSError):
            write_whole(self._file(fitted_to), write)
            kept = sorted(self._folder.glob("fit-*.npz"), key=lambda file: file.stat().st_mtime)
            for old in kept[:-MOST_FITS]:
                old.unlink(missing_ok=True)

    def _file(self, fitted_to: bytes) -> Path:
        return self._folder / f"fit-{blake2b(self._code + fitted_to, digest_size=12).hexdigest()}.npz"
