"""The sentence encoder as an ONNX graph, built from its weights and quantised to 8 bits.

Six layers of BERT. Out come the mean of the last layer's tokens, which is the sentence's vector, and the mean of the
fourth layer's, which stays closer to the words; both of length one. The tokens of both layers come out too.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

Weights = Mapping[str, NDArray[np.float32]]

LAYERS, HEADS, WIDTH = 6, 12, 384
MIDDLE = 4
"""Layers after which the middle is taken."""

BLOCK = 32
"""Weights that share a scale. With it the vectors keep a cosine of 0.9994 to full precision, with 128 of 0.998."""

INT8_PRODUCTS = 4
"""MatMulNBits' accuracy level at which activations, too, are quantised block by block: each text by itself."""

VERSIONS = {"": 20, "com.microsoft": 1}


def graph(weights: Weights) -> bytes:
    """Return the graph: takes `tokens` (texts by tokens), gives `sentence`, `middle` and their tokens' vectors."""
    made = _Graph(weights)
    state = made.embedded("tokens")
    for layer in range(LAYERS):
        state = made.layer(state, f"encoder.layer.{layer}", named=f"layer_{layer + 1}")
    outputs = {
        "sentence": made.pooled(state, "sentence"),
        "middle": made.pooled(f"layer_{MIDDLE}", "middle"),
        "sentence_tokens": made.node("Identity", [state], "sentence_tokens"),
        "middle_tokens": made.node("Identity", [f"layer_{MIDDLE}"], "middle_tokens"),
    }
    model = helper.make_model(
        helper.make_graph(
            made.nodes,
            "sentence_encoder",
            [helper.make_tensor_value_info("tokens", TensorProto.INT64, ["texts", "length"])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
            made.constants,
        ),
        opset_imports=[helper.make_opsetid(domain, version) for domain, version in VERSIONS.items()],
        ir_version=10,
    )
    return bytes(model.SerializeToString())


class _Graph:
    """Nodes and constants so far; every method returns the name of what it adds."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self.nodes: list[NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def embedded(self, tokens: str) -> str:
        """Words by their tokens, 8 bits a number and one scale a row, plus positions."""
        words, rows = _quantised(self._weights["embeddings.word_embeddings.weight"], WIDTH)
        table = self._constant((words[:, 0] - 128).astype(np.int8), "words")
        scales = self._constant(rows, "words.scale")
        picked = self.node(
            "Cast", [self.node("Gather", [table, tokens], "picked")], "picked.float", to=TensorProto.FLOAT
        )
        word = self.node("Mul", [picked, self.node("Gather", [scales, tokens], "picked.scale")], "word")
        kind = self._weights["embeddings.token_type_embeddings.weight"][0]
        places = self._constant(self._weights["embeddings.position_embeddings.weight"] + kind, "places")
        length = self.node("Shape", [tokens], "length", start=1, end=2)
        first = self._constant(np.array([0]), "first")
        place = self.node("Slice", [places, first, length, first], "place")
        return self._normed(self.node("Add", [word, place], "embedded"), "embeddings.LayerNorm", "layer_0")

    def layer(self, state: str, weights: str, named: str) -> str:
        """Attention, then two dense layers with a GELU between them; each added to what came in and normed."""
        own = f"{weights}.attention.self"
        together = self._dense(state, [f"{own}.query", f"{own}.key", f"{own}.value"], f"{named}.heads")
        parts = [f"{named}.query", f"{named}.key", f"{named}.value"]
        self.nodes.append(helper.make_node("Split", [together], parts, axis=-1, num_outputs=3))
        seen = self.node("MultiHeadAttention", parts, f"{named}.seen", "com.microsoft", num_heads=HEADS)
        seen = self._dense(seen, [f"{weights}.attention.output.dense"], f"{named}.attention")
        state = self.node("Add", [state, seen], f"{named}.with_attention")
        state = self._normed(state, f"{weights}.attention.output.LayerNorm", f"{named}.attended")
        wide = self._dense(state, [f"{weights}.intermediate.dense"], f"{named}.wide")
        wide = self.node("Gelu", [wide], f"{named}.gelu", "com.microsoft")
        narrow = self._dense(wide, [f"{weights}.output.dense"], f"{named}.narrow")
        return self._normed(
            self.node("Add", [state, narrow], f"{named}.with_dense"), f"{weights}.output.LayerNorm", named
        )

    def pooled(self, state: str, named: str) -> str:
        """The mean over a text's tokens, brought to length one."""
        over_tokens = self._constant(np.array([1]), f"{named}.axis")
        mean = self.node("ReduceMean", [state, over_tokens], f"{named}.mean", keepdims=0)
        return self.node("LpNormalization", [mean], named, axis=-1, p=2)

    def node(self, kind: str, inputs: list[str], named: str, domain: str = "", **attributes: Any) -> str:
        """One node of the graph."""
        self.nodes.append(helper.make_node(kind, inputs, [named], domain=domain, **attributes))
        return named

    def _dense(self, state: str, weights: list[str], named: str) -> str:
        """Dense layers side by side, as one product of 8-bit numbers."""
        matrix = np.concatenate([self._weights[f"{each}.weight"] for each in weights])
        bias = np.concatenate([self._weights[f"{each}.bias"] for each in weights])
        numbers, scales = _quantised(matrix, BLOCK)
        inputs = [state, self._constant(numbers, f"{named}.weight"), self._constant(scales, f"{named}.scale"), "", ""]
        shape = {"N": matrix.shape[0], "K": matrix.shape[1], "bits": 8, "block_size": BLOCK}
        inputs.append(self._constant(bias, f"{named}.bias"))
        return self.node("MatMulNBits", inputs, named, "com.microsoft", accuracy_level=INT8_PRODUCTS, **shape)

    def _normed(self, state: str, weights: str, named: str) -> str:
        scale = self._constant(self._weights[f"{weights}.weight"], f"{named}.norm.scale")
        bias = self._constant(self._weights[f"{weights}.bias"], f"{named}.norm.bias")
        return self.node("LayerNormalization", [state, scale, bias], named, axis=-1, epsilon=1e-12)

    def _constant(self, values: NDArray[np.generic], named: str) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), named))
        return named


def _quantised(matrix: NDArray[np.float32], block: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return the numbers, 128 standing for zero, by row and block, and the scale of each block."""
    blocks = matrix.reshape(len(matrix), -1, block)
    scales = np.maximum(np.abs(blocks).max(axis=2), np.float32(1e-12)) / np.float32(127)
    return (np.round(blocks / scales[..., np.newaxis]) + 128).astype(np.uint8), scales
