"""The sentence encoder: the published one or none, the same vector whatever its neighbours, nothing computed twice."""

import hashlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from knowledge import encoder_graph, encoder_package
from knowledge.encoder import Encoder, EncoderUnavailable
from knowledge.fitting import Fitting
from tests import matching

LONG = "I registered three weeks ago and have been waiting ever since. " * 30


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return matching.encoder()


def alike(encoder: Encoder, one: str, other: str) -> float:
    return float(encoder.vector(one) @ encoder.vector(other))


def test_texts_of_one_meaning_are_nearer_than_texts_that_share_words(encoder: Encoder) -> None:
    asked = "how do I get rid of an employee who left"
    meant = alike(encoder, asked, "deleting the account of a former colleague")
    assert meant > alike(encoder, asked, "how do I get to the bus that left")


def test_a_vector_has_length_one_and_is_the_same_alone_and_among_others(encoder: Encoder) -> None:
    texts = ["hello", "where is my activation link", "how do I print a submittal", LONG]
    together = encoder.vectors(texts)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=2e-3)
    for text, row in zip(texts, together, strict=True):
        assert float(encoder.vector(text) @ row) > 0.999


def test_a_special_token_that_a_person_types_is_text(encoder: Encoder) -> None:
    assert alike(encoder, "activation mail", "activation [SEP] mail [CLS]") < 0.999


@pytest.mark.parametrize("text", ["", " ", "\ud800", "\x00", "\u200b" * 5_000, "한국어", LONG])
def test_any_text_has_a_vector(encoder: Encoder, text: str) -> None:
    assert np.isfinite(encoder.vector(text)).all()


def test_of_a_long_text_the_end_is_read(encoder: Encoder) -> None:
    end = " So how do I merge two duplicate facilities?"
    assert alike(encoder, LONG + end, "merge duplicate facilities") > alike(encoder, LONG, "merge duplicate facilities")


def test_parts_are_meant_as_the_whole_says(encoder: Encoder) -> None:
    text = "my password is lost. send a new one"
    whole, first, second = encoder.parts(text, [(0, 20), (20, len(text))])
    assert float(whole @ encoder.vector(text)) > 0.999
    assert float(first @ encoder.vector("my password is lost")) > float(second @ encoder.vector("my password is lost"))


def test_threads_get_the_vectors_that_one_gets(encoder: Encoder) -> None:
    texts = [f"facility number {number} is missing" for number in range(40)]
    alone = [encoder.vector(text) for text in texts]
    with ThreadPoolExecutor(8) as threads:
        for one, other in zip(threads.map(encoder.vector, texts), alone, strict=True):
            assert np.array_equal(one, other)


def test_english_words_come_with_the_encoder_the_commonest_first(encoder: Encoder) -> None:
    assert encoder.words.index("the") < encoder.words.index("password") < len(encoder.words)
    assert "passwrod" not in encoder.words


@pytest.mark.usefixtures("encoder")
def test_what_was_built_is_kept_and_a_damaged_file_is_built_anew(tmp_path: Path) -> None:
    first = Encoder.open(tmp_path)
    first.vectors(["a text that is kept"])
    (graph,) = tmp_path.glob("encoder-*.onnx")
    (vectors,) = tmp_path.glob("vectors-*.npz")
    assert 20e6 < graph.stat().st_size < 30e6
    graph.write_bytes(b"torn")
    vectors.write_bytes(b"torn")
    again = Encoder.open(tmp_path)
    assert float(again.vector("a text") @ first.vector("a text")) > 0.9999
    assert hashlib.sha256(graph.read_bytes()).digest() != hashlib.sha256(b"torn").digest()


@pytest.mark.usefixtures("encoder")
def test_kept_vectors_are_not_computed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (graph,) = matching.MATCHING.glob("encoder-*.onnx")
    shutil.copy(graph, tmp_path / graph.name)
    texts = [f"phrasing number {number}" for number in range(50)]
    rows = Encoder.open(tmp_path).vectors(texts)
    again = Encoder.open(tmp_path)
    monkeypatch.setattr(Encoder, "_encoded", None)
    assert np.array_equal(again.vectors(texts[::-1]), rows[::-1])


@pytest.mark.usefixtures("encoder")
def test_weights_that_are_not_those_published_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    forged = tmp_path / "tokenizer.json"
    forged.write_text("{}")
    monkeypatch.setattr(encoder_package, "located", lambda name: forged)
    with pytest.raises(EncoderUnavailable, match="is not the one that was published"):
        Encoder.open(tmp_path)


@pytest.mark.usefixtures("encoder")
@pytest.mark.parametrize("broken", ["unreadable", "tokenizer", "graph"])
def test_an_encoder_that_cannot_be_opened_ends_no_start(
    broken: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if broken == "unreadable":
        monkeypatch.setattr(encoder_package, "located", lambda name: tmp_path)
    elif broken == "tokenizer":
        monkeypatch.setattr(encoder_package, "checked", lambda name: b"{}")
    else:
        monkeypatch.setattr(encoder_graph, "graph", lambda weights: b"no graph")
    fitting = Fitting.open(tmp_path)
    assert fitting.encoder is None
    assert "it cannot be opened" in fitting.lacking


def test_without_the_package_questions_are_matched_by_their_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(encoder_package, "PACKAGE", "no-such-package-at-all")
    fitting = Fitting.open(tmp_path)
    assert fitting.encoder is None
    assert "is not installed" in fitting.lacking
    assert fitting.matcher([("greeting", "hello"), ("goodbye", "bye")], ()).match("hello").decision == "answer"
