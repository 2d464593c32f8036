"""The scores of the entries for a text: what its row of the kernel times the fit's weights comes to, without the row.

Where the kernel is linear in a text's features, what each of them adds to each entry is known from the fit on. For a
question of ten words that takes a fifth of the time, and a start that fits nothing anew needs no kernel.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from knowledge.features import Matrix, Vector, character_features, word_features
from knowledge.kernel import WITH_MEANING, compared_of, steep
from knowledge.phrasings import Fit


class Scoring:
    """Scores texts by a fit. Immutable; threads may share it."""

    def __init__(self, fit: Fit, vectors: Matrix | None, stem: Callable[[str], str]) -> None:
        """`vectors` has a row for each phrasing fitted to, if there is an encoder; `stem` is the tongue's."""
        self._words, self._characters = fit.words, fit.characters
        self._word_features = partial(word_features, stem=stem)
        self._vectors = None if vectors is None else vectors[compared_of(len(vectors))]
        self._weights = np.float32(WITH_MEANING["meaning"]) * fit.weights

    def scores(self, words: Sequence[str], vector: Vector | None) -> Vector | None:
        """Return the score of each entry; None for a text that has nothing in common with any phrasing.

        One that has no piece of a word in common with any means nothing to the encoder either.
        """
        words_scores = self._words.scores(self._word_features(words))
        scores = self._characters.scores(character_features(words))
        if scores is None:
            return words_scores
        if words_scores is not None:
            scores += words_scores
        if self._vectors is not None and vector is not None:
            scores += steep(np.vecdot(self._vectors, vector)) @ self._weights  # `@` of the vectors waits for threads
        return scores
