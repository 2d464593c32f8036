"""How often the right entry comes first: this matcher and simpler ones, on BANKING77 and on the own knowledge base.

    python -m tests.benchmarks.accuracy FOLDER

FOLDER holds banking77_train.csv and banking77_test.csv with the columns text and category (CC BY 4.0).
"""

import csv
import importlib
import math
import os
import platform
import random
import string
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import yaml
from rapidfuzz import fuzz, process, utils

from knowledge.encoder import Encoder
from knowledge.matcher import Match, Matcher
from knowledge.schema import UNKNOWN
from knowledge.text import normalise, stem
from tests.matching import installed

Pairs = Sequence[tuple[str, str]]
Answer = Callable[[str], str]

SEEDS = (0, 1, 2)
PHRASINGS = (3, 5, 10)
FOLDS = 5
FOR_LATENCY = 13
"""Phrasings an entry that make a thousand on BANKING77's 77 entries."""


def fuzzy(scorer: Callable[..., float]) -> Callable[[Pairs], Answer]:
    """Return a matcher that answers with the entry of the phrasing that the rapidfuzz scorer likes best."""

    def fit(pairs: Pairs) -> Answer:
        phrasings = [utils.default_process(text) for _, text in pairs]

        def answer(text: str) -> str:
            best = process.extractOne(utils.default_process(text), phrasings, scorer=scorer)
            return pairs[best[2]][0] if best else ""

        return answer

    return fit


def bm25(pairs: Pairs) -> Answer:
    """Return a matcher that answers with the entry of the phrasing of the highest BM25 score, on stems."""
    documents = [Counter(map(stem, normalise(text).split())) for _, text in pairs]
    mean = sum(document.total() for document in documents) / len(documents)
    frequency = Counter(word for document in documents for word in document)
    postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for number, document in enumerate(documents):
        for word, count in document.items():
            rarity = math.log(1 + (len(documents) - frequency[word] + 0.5) / (frequency[word] + 0.5))
            length = 1.2 * (0.25 + 0.75 * document.total() / mean)
            postings[word].append((number, rarity * count * 2.2 / (count + length)))

    def answer(text: str) -> str:
        scores: dict[int, float] = defaultdict(float)
        for word in map(stem, normalise(text).split()):
            for number, score in postings.get(word, ()):
                scores[number] += score
        return pairs[max(scores, key=lambda number: scores[number])][0] if scores else ""

    return answer


def linear_svc(pairs: Pairs) -> Answer:
    """Return scikit-learn's linear SVC over TF-IDF of words and pieces of words; ImportError where it is missing."""
    pipeline = importlib.import_module("sklearn.pipeline")
    words = importlib.import_module("sklearn.feature_extraction.text").TfidfVectorizer
    svc = importlib.import_module("sklearn.svm").LinearSVC()
    both = [("words", words(ngram_range=(1, 2))), ("pieces", words(analyzer="char_wb", ngram_range=(2, 4)))]
    model = pipeline.make_pipeline(pipeline.FeatureUnion(both), svc)
    model.fit([text for _, text in pairs], [category for category, _ in pairs])
    return lambda text: str(model.predict([text])[0])


def by_words(pairs: Pairs) -> Answer:
    """Return the project's matcher without its encoder, asked for its first entry."""
    matcher = Matcher.fit(pairs)
    return lambda text: matcher.rank(text)[0][0]


def by_meaning(pairs: Pairs) -> Answer:
    """Return the project's matcher, asked for its first entry; ImportError where there is no sentence encoder."""
    encoder = installed().encoder
    if encoder is None:
        raise ImportError(installed().lacking)
    matcher = Matcher.fit(pairs, encoder=encoder)
    return lambda text: matcher.rank(text)[0][0]


MATCHERS: dict[str, Callable[[Pairs], Answer]] = {
    "rapidfuzz WRatio": fuzzy(fuzz.WRatio),
    "rapidfuzz token_sort_ratio": fuzzy(fuzz.token_sort_ratio),
    "BM25, stemmed": bm25,
    "TF-IDF, linear SVC": linear_svc,
    "ours, by words alone": by_words,
    "ours": by_meaning,
}


def mistyped(text: str, typos: int, rng: random.Random) -> str:
    """Return the text with so many letters left out, put in, replaced, or swapped with their neighbour."""
    letters = list(text)
    for _ in range(typos):
        places = [place for place, letter in enumerate(letters) if letter.isalpha()]
        if len(places) < 4:
            break
        place, other = rng.choice(places), rng.choice(string.ascii_lowercase)
        slips: tuple[list[str], ...] = (
            [],
            [other, letters[place]],
            [other],
            [*letters[place + 1 : place + 2], letters[place]],
        )
        kind = rng.randrange(len(slips))
        letters[place : place + (2 if kind == 3 else 1)] = slips[kind]
    return "".join(letters)


def shortened(text: str, rng: random.Random) -> str:
    """Return the text without one of its words, any one."""
    words = text.split()
    if len(words) > 2:
        del words[rng.randrange(len(words))]
    return " ".join(words)


NOISE: dict[str, Callable[[str, random.Random], str]] = {
    "clean": lambda text, _: text,
    "1 typo": lambda text, rng: mistyped(text, 1, rng),
    "2 typos": lambda text, rng: mistyped(text, 2, rng),
    "a word less": shortened,
}


def read(path: Path) -> list[tuple[str, str]]:
    """Return the pairs of category and text."""
    with path.open(newline="", encoding="utf-8") as file:
        return [(row["category"], row["text"].strip()) for row in csv.DictReader(file)]


def sample(pairs: Pairs, each: int, seed: int) -> list[tuple[str, str]]:
    """Return so many phrasings of each category, drawn by the seed."""
    texts: dict[str, list[str]] = defaultdict(list)
    for category, text in pairs:
        texts[category].append(text)
    rng = random.Random(seed)
    return [(category, text) for category in sorted(texts) for text in rng.sample(texts[category], each)]


def right_first(fit: Callable[[Pairs], Answer], train: Pairs, test: Pairs, each: int, spoil: str) -> float:
    """Return the share of test texts, spoilt in the way named, whose entry comes first; the mean over SEEDS."""
    shares = []
    for seed in SEEDS:
        answer, rng = fit(sample(train, each, seed)), random.Random(seed)
        shares.append(sum(answer(NOISE[spoil](text, rng)) == category for category, text in test) / len(test))
    return sum(shares) / len(shares)


def latency(fit: Callable[[Pairs], Answer], train: Pairs, test: Pairs) -> tuple[float, float, float]:
    """Return seconds to fit a thousand phrasings, and milliseconds a message: the median and the 99th percentile."""
    phrasings = sample(train, FOR_LATENCY, 0)
    start = time.perf_counter()
    answer = fit(phrasings)
    fitted = time.perf_counter() - start
    taken = []
    for _, text in test[::5]:
        start = time.perf_counter()
        answer(text)
        taken.append(1000 * (time.perf_counter() - start))
    return fitted, float(np.percentile(taken, 50)), float(np.percentile(taken, 99))


def own_pairs() -> list[tuple[str, str]]:
    """Return the entries and phrasings of the project's English knowledge, the data alone."""
    folder = Path(__file__).resolve().parents[2] / "knowledge" / "en"
    files = sorted([*folder.glob("faq/*.yaml"), *folder.glob("reactions/*.yaml")])
    entries = [entry for file in files for entry in yaml.safe_load(file.read_text(encoding="utf-8")) or ()]
    return [(entry["id"], text) for entry in entries for text in (entry["question"], *entry.get("also", ()))]


def held_out(pairs: Pairs, seed: int, encoder: Encoder | None = None) -> Iterator[tuple[str, Match]]:
    """Yield each phrasing's entry and its match by a matcher, spelling and calibration included, that never saw it."""
    order = list(pairs)
    random.Random(seed).shuffle(order)
    for fold in range(FOLDS):
        seen = [pair for place, pair in enumerate(order) if place % FOLDS != fold]
        matcher = Matcher.fit(seen, encoder=encoder)
        yield from ((entry, matcher.match(text)) for entry, text in order[fold::FOLDS])


def figures(results: Iterable[tuple[str, Match]]) -> dict[str, float]:
    """Return shares of the messages that have an answer, and of those that have none."""
    results = list(results)
    known = [(entry, match) for entry, match in results if entry != UNKNOWN]
    strange = [match for entry, match in results if entry == UNKNOWN]
    right = [match.entries[0][0] == entry for entry, match in known]
    sure = [match.decision == "answer" for _, match in known]
    inside = np.array([match.entries[0][1] for _, match in known])
    outside = np.array([match.entries[0][1] for match in strange])
    return {
        "right first": float(np.mean(right)),
        "among three": float(np.mean([entry in dict(match.entries) for entry, match in known])),
        "sure and right": float(np.mean([a and b for a, b in zip(sure, right, strict=True)])),
        "sure and wrong": float(np.mean([a and not b for a, b in zip(sure, right, strict=True)])),
        "asked to choose": float(np.mean([match.decision == "choose" for _, match in known])),
        "taken as unknown": float(np.mean([match.decision == "unknown" for _, match in known])),
        "mean confidence": float(np.mean(inside)),
        "unknown: admitted": float(np.mean([match.decision == UNKNOWN for match in strange])),
        "unknown: answered": float(np.mean([match.decision == "answer" for match in strange])),
        "unknown: AUROC": float(np.mean([np.mean(inside > one) + np.mean(inside == one) / 2 for one in outside])),
    }


def main(folder: Path) -> None:
    """Print both tables."""
    train, test = read(folder / "banking77_train.csv"), read(folder / "banking77_test.csv")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, numpy {np.__version__}")
    print(f"\nBANKING77, right first in %, mean of {len(SEEDS)} draws; k phrasings an entry\n")
    columns = [*(f"k={each}".ljust(4) for each in PHRASINGS), *(f"k=5, {spoil}" for spoil in list(NOISE)[1:])]
    print("|".join(["matcher".ljust(27), *(f" {column} " for column in columns), " fit s | p50 / p99 ms a message"]))
    for name, fit in MATCHERS.items():
        try:
            fit(sample(train, 1, 0))
        except ImportError as error:
            print(f"{name.ljust(27)}| left out: {error}")
            continue
        cells = [right_first(fit, train, test, each, "clean") for each in PHRASINGS]
        cells += [right_first(fit, train, test, 5, spoil) for spoil in list(NOISE)[1:]]
        padded = [f" {100 * cell:.1f} ".ljust(len(column) + 2) for cell, column in zip(cells, columns, strict=True)]
        fitted, median, slowest = latency(fit, train, test)
        print(
            "|".join([name.ljust(27), *padded, f" {fitted:.2f} ".ljust(7), f" {median:.2f} / {slowest:.2f}"]),
            flush=True,
        )
    pairs = own_pairs()
    print(
        f"\nOwn knowledge, {len(pairs)} phrasings of {len(dict(pairs))} entries, {FOLDS}-fold cross-validation, in %\n"
    )
    for name, value in figures(held_out(pairs, SEEDS[0], installed().encoder)).items():
        print(f"{name:18} {100 * value:5.1f}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
