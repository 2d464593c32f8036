"""How matchers are fitted in this installation: with which encoder, and where what was computed is kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.tongue import ENGLISH, Tongue

if TYPE_CHECKING:
    from knowledge.encoder import Encoder
    from knowledge.fit_cache import FitCache
    from knowledge.matcher import Matcher


@dataclass(frozen=True)
class Fitting:
    """Fits matchers: by words alone, or with an encoder by meaning, too. `lacking` says why there is no encoder."""

    encoder: "Encoder | None" = None
    fits: "FitCache | None" = None
    lacking: str = ""

    @classmethod
    def open(cls, folder: Path) -> "Fitting":
        """Return what this installation has; `folder` keeps the encoder's graph, vectors and fits.

        Whatever the encoder lacks, there is a fitting: by words alone, then.
        """
        from knowledge.encoder import Encoder, EncoderUnavailable
        from knowledge.fit_cache import FitCache

        try:
            return cls(Encoder.open(folder), FitCache(folder))
        except EncoderUnavailable as error:
            return cls(None, FitCache(folder), str(error))

    def matcher(
        self, pairs: Iterable[tuple[str, str]], vocabulary: Iterable[str], tongue: Tongue | None = None
    ) -> "Matcher":
        """Return a matcher fitted to pairs of entry id and phrasing; the words of `vocabulary` are known to it, too.

        The encoder reads English alone: in another tongue texts are compared by their words.
        """
        from knowledge.matcher import Matcher

        encoder = self.encoder if tongue is None or tongue.code == ENGLISH else None
        return Matcher.fit(pairs, vocabulary=vocabulary, encoder=encoder, fits=self.fits, tongue=tongue)


BY_WORDS_ALONE = Fitting()
