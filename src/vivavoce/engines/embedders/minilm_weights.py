"""Writes the published weights of all-MiniLM-L6-v2 as CTranslate2 wants them.

The weights come as safetensors: a length, a JSON header, and numbers. CTranslate2's own converter
needs torch, which is 200 MB; what it does for BERT is these few lines.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

WEIGHTS = "model.safetensors"
N_LAYERS = 6
N_HEADS = 12
LAYER_NORM_EPSILON = 1e-12
_LENGTH_BYTES = 8

Weights = Mapping[str, np.ndarray[Any, np.dtype[np.float32]]]


def write_ctranslate2(weights_file: Path, vocabulary: Mapping[str, int], folder: Path) -> None:
    """Write a folder that `ctranslate2.Encoder` opens.

    Args:
        weights_file: `model.safetensors`.
        vocabulary: the number of each token.
        folder: an empty one.
    """
    from ctranslate2.specs import common_spec, transformer_spec

    weights = read_safetensors(weights_file)
    encoder = transformer_spec.TransformerEncoderSpec(
        N_LAYERS,
        N_HEADS,
        pre_norm=False,
        activation=common_spec.Activation.GELU,
        layernorm_embedding=True,
        num_source_embeddings=2,
        embeddings_merge=common_spec.EmbeddingsMerge.ADD,
    )
    encoder.scale_embeddings = False
    words, kinds = encoder.embeddings
    words.weight = weights["embeddings.word_embeddings.weight"]
    kinds.weight = weights["embeddings.token_type_embeddings.weight"]
    encoder.position_encodings.encodings = weights["embeddings.position_embeddings.weight"]
    _norm(encoder.layernorm_embedding, weights, "embeddings.LayerNorm")
    for number, layer in enumerate(encoder.layer):
        _layer(layer, weights, f"encoder.layer.{number}")
    spec = transformer_spec.TransformerEncoderModelSpec(encoder)
    spec.register_vocabulary(sorted(vocabulary, key=lambda token: vocabulary[token]))
    spec.config.unk_token = "[UNK]"
    spec.config.layer_norm_epsilon = LAYER_NORM_EPSILON
    spec.validate()
    spec.optimize(quantization=None)
    spec.save(str(folder))


def read_safetensors(file: Path) -> Weights:
    """Return the 32-bit weights of a file by name."""
    data = file.read_bytes()
    begin = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "little")
    header = json.loads(data[_LENGTH_BYTES:begin])
    return {
        name: np.frombuffer(
            data,
            np.float32,
            count=int(np.prod(entry["shape"])),
            offset=begin + entry["data_offsets"][0],
        ).reshape(entry["shape"])
        for name, entry in header.items()
        if entry.get("dtype") == "F32"
    }


def _layer(spec: Any, weights: Weights, name: str) -> None:
    from ctranslate2.converters.utils import fuse_linear
    from ctranslate2.specs import common_spec

    attention = spec.self_attention
    parts = [common_spec.LinearSpec() for _ in range(3)]
    for part, role in zip(parts, ("query", "key", "value"), strict=True):
        _linear(part, weights, f"{name}.attention.self.{role}")
    fuse_linear(attention.linear[0], parts)
    _linear(attention.linear[1], weights, f"{name}.attention.output.dense")
    _norm(attention.layer_norm, weights, f"{name}.attention.output.LayerNorm")
    _linear(spec.ffn.linear_0, weights, f"{name}.intermediate.dense")
    _linear(spec.ffn.linear_1, weights, f"{name}.output.dense")
    _norm(spec.ffn.layer_norm, weights, f"{name}.output.LayerNorm")


def _linear(spec: Any, weights: Weights, name: str) -> None:
    spec.weight, spec.bias = weights[f"{name}.weight"], weights[f"{name}.bias"]


def _norm(spec: Any, weights: Weights, name: str) -> None:
    spec.gamma, spec.beta = weights[f"{name}.weight"], weights[f"{name}.bias"]
