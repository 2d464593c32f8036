"""The sentence encoder: texts that mean the same get vectors whose product is near one, whatever their words."""

import contextlib
import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from knowledge import encoder_package
from knowledge.encoder_package import EncoderUnavailable
from knowledge.vector_cache import Rows, VectorCache, write_whole

__all__ = ["Encoder", "EncoderUnavailable"]

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Vector = NDArray[np.float32]
Matrix = NDArray[np.float32]
T = TypeVar("T")

Span = tuple[int, int]
"""Where a part of a text begins and ends, in characters."""

SENTENCE, MIDDLE = 0.7, 0.3
"""What the sentence's vector and the middle layer's count in a product. On BANKING77 the middle changes nothing; on our
own knowledge it puts one question in a hundred right."""

WIDTH = 2 * 384
"""Numbers of a vector."""

MOST_TOKENS = 128
"""Tokens of a text that are read, the last ones: a question stands at the end of its story. They take 14 ms."""

TEXTS_AT_ONCE = 32

FIRST_WORD = "the"
"""From this one on the vocabulary's words stand in the order of how common they are."""


class Encoder:
    """Gives texts their vectors, of length one. Threads may share it: no text waits for another thread's texts."""

    def __init__(self, session: "_Session", tokenizer: "Tokenizer", cache: VectorCache) -> None:
        """Use Encoder.open."""
        self._session = session
        self._tokenizer = tokenizer
        self._cache = cache

    @classmethod
    def open(cls, folder: Path) -> "Encoder":
        """Return the encoder; `folder` keeps its graph (25 MB, built at the first use) and the vectors of phrasings.

        EncoderUnavailable says why there is none: not installed, not what was published, or not to be read.
        """
        try:
            return cls._opened(folder)
        except EncoderUnavailable:
            raise
        except Exception as error:  # of the disk, the tokenizer and onnxruntime, which has many exceptions
            reason = next(iter(str(error).splitlines()), "")
            raise EncoderUnavailable(f"it cannot be opened ({type(error).__name__}: {reason})") from error

    @classmethod
    def _opened(cls, folder: Path) -> "Encoder":
        try:
            import onnxruntime
            import tokenizers
        except ImportError as error:
            raise EncoderUnavailable(f"the package {error.name} is not installed") from error
        tokenizer = tokenizers.Tokenizer.from_str(encoder_package.checked(encoder_package.TOKENIZER).decode())
        tokenizer.no_padding()
        tokenizer.no_truncation()
        tokenizer.encode_special_tokens = True  # "[SEP]" typed by a person is text
        key = _key()
        file = folder / f"encoder-{key}.onnx"
        if not file.is_file():
            _build(file)
        try:
            session = _session(onnxruntime, file)
        except Exception:  # a damaged file
            _build(file)
            session = _session(onnxruntime, file)
        return cls(session, tokenizer, VectorCache(folder / f"vectors-{key}.npz"))

    def vector(self, text: str) -> Vector:
        """Return the vector of one text: 1 ms for eight tokens, 2 ms for sixteen."""
        kept = self._cache.get(text)
        if kept is not None:
            return kept.astype(np.float32)
        tokens = np.array([_last(self._tokenizer.encode(_clean(text)).ids)])
        row: Vector = _joined(*self._session.run(["sentence", "middle"], {"tokens": tokens}))[0]
        return row

    def vectors(self, texts: Sequence[str]) -> Matrix:
        """Return a row for each text; they are kept in the folder by content, and encoded only once."""
        return self._cache.rows(texts, self._encoded).astype(np.float32)

    def parts(self, text: str, spans: Sequence[Span]) -> Matrix:
        """Return a row for the whole text, then one for each span of it, as it is meant among the others.

        A span of which nothing was read, because MOST_TOKENS come after it, has zeros.
        """
        encoding = self._tokenizer.encode(_clean(text))
        tokens = np.array([_last(encoding.ids)])
        starts = np.array([start for start, _ in _last(encoding.offsets)][1:-1], np.intp)
        names = ["sentence", "middle", "sentence_tokens", "middle_tokens"]
        sentence, middle, *layers = self._session.run(names, {"tokens": tokens})
        rows = [_joined(sentence, middle)]
        for start, end in spans:
            within = 1 + np.flatnonzero((starts >= start) & (starts < end))
            rows.append(_joined(*(_of_length_one(layer[:, within].sum(axis=1)) for layer in layers)))
        return np.concatenate(rows)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """English words, the commonest first: what of the vocabulary is a word of at least two letters."""
        vocabulary = self._tokenizer.get_vocab(with_added_tokens=False)
        return tuple(
            word
            for word in sorted(vocabulary, key=vocabulary.__getitem__)
            if vocabulary[word] >= vocabulary[FIRST_WORD] and len(word) > 1 and word.isascii() and word.isalpha()
        )

    def _encoded(self, texts: Sequence[str]) -> Rows:
        """Encode many, those of one length together: nothing is padded, so no vector depends on its neighbours."""
        rows = np.empty((len(texts), WIDTH), np.float16)
        tokens = [_last(self._tokenizer.encode(_clean(text)).ids) for text in texts]
        by_length: dict[int, list[int]] = defaultdict(list)
        for number, its in enumerate(tokens):
            by_length[len(its)].append(number)
        for numbers in by_length.values():
            for start in range(0, len(numbers), TEXTS_AT_ONCE):
                together = numbers[start : start + TEXTS_AT_ONCE]
                inputs = {"tokens": np.array([tokens[number] for number in together])}
                rows[together] = _joined(*self._session.run(["sentence", "middle"], inputs))
        return rows


class _Session(Protocol):
    def run(self, outputs: Sequence[str], inputs: Mapping[str, NDArray[np.int64]], /) -> list[Matrix]: ...


def _key() -> str:
    """What the kept files depend on: the weights, and the code that builds the graph and reads it."""
    digest = hashlib.sha256(repr((encoder_package.SHA256, SENTENCE, MIDDLE, MOST_TOKENS)).encode())
    digest.update(Path(__file__).with_name("encoder_graph.py").read_bytes())
    return digest.hexdigest()[:16]


def _build(file: Path) -> None:
    """Build the graph, put it in its place whole, and remove what other versions left."""
    try:
        from knowledge.encoder_graph import graph
    except ImportError as error:
        raise EncoderUnavailable(f"the package {error.name} is not installed") from error
    built = graph(encoder_package.weights())
    try:
        write_whole(file, lambda path: path.write_bytes(built))
    except OSError as error:
        raise EncoderUnavailable(f"its graph cannot be kept in {file.parent} ({error.strerror})") from error
    key = file.stem.removeprefix("encoder-")
    for other in (*file.parent.glob("encoder-*.onnx"), *file.parent.glob("vectors-*.npz")):
        if key not in other.name:
            with contextlib.suppress(OSError):
                other.unlink()


def _session(onnxruntime: Any, file: Path) -> _Session:
    """Open the graph: it runs on the caller's thread alone, and no thread spins while it waits."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC  # more is slower here
    options.log_severity_level = 4
    session: _Session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    return session


def _clean(text: str) -> str:
    """The text without halves of surrogate pairs, which cannot be tokenized."""
    return text.encode("utf-8", "replace").decode()


def _last(tokens: list[T]) -> list[T]:
    """The first token, which every text has, and the last ones."""
    return [*tokens[:1], *tokens[1:][-(MOST_TOKENS - 1) :]]


def _joined(sentence: Matrix, middle: Matrix) -> Matrix:
    """Rows whose products are the weighted sums of the products of both."""
    return np.concatenate([np.float32(SENTENCE**0.5) * sentence, np.float32(MIDDLE**0.5) * middle], axis=1)


def _of_length_one(rows: Matrix) -> Matrix:
    unit: Matrix = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-9))
    return unit
