"""The T5 of the summarizer: untrained, and as a checkpoint in hub layout."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Final

from transformers import GenerationConfig, T5Config, T5ForConditionalGeneration

from training.summarizer.copy_init import prefer_copying
from training.summarizer.examples import PREFIX

MAX_INPUT_TOKENS: Final = 192
MAX_OUTPUT_TOKENS: Final = 160


def fresh_t5(vocabulary_size: int, width: int, layers: tuple[int, int]) -> Any:
    """Create an untrained T5 v1.0 that copies, with tied embeddings and without dropout.

    Args:
        vocabulary_size: pieces of the tokenizer; rounded up to a multiple of 64.
        width: size of a token's vector, a multiple of 64, which is the size of an attention head.
        layers: number of layers of the encoder and of the decoder.

    """
    model = T5ForConditionalGeneration(
        T5Config(
            vocab_size=-(-vocabulary_size // 64) * 64,
            d_model=width,
            d_kv=64,
            d_ff=2 * width,
            num_layers=layers[0],
            num_decoder_layers=layers[1],
            num_heads=width // 64,
            feed_forward_proj="relu",
            dropout_rate=0.0,
            decoder_start_token_id=0,
            pad_token_id=0,
            eos_token_id=1,
            tie_word_embeddings=True,
        )
    )
    prefer_copying(model)
    return model


def save_in_hub_layout(model: Any, tokenizer: Any, folder: Path) -> Path:
    """Write the weights in float16, the tokenizer and the configuration; return `folder`.

    The folder exists only if it is complete. The prefix and the decoding options are stored in
    `task_specific_params` of config.json, as in the hub's checkpoints of T5.
    """
    model.config.task_specific_params = {
        "summarization": {
            "prefix": PREFIX,
            "reads": "sentences",
            "max_input_tokens": MAX_INPUT_TOKENS,
            "max_length": MAX_OUTPUT_TOKENS,
            "num_beams": 1,
        }
    }
    model.generation_config = GenerationConfig.from_model_config(model.config)
    model.generation_config.max_length = MAX_OUTPUT_TOKENS
    model.generation_config.num_beams = 1
    scratch = folder.with_suffix(".part")
    shutil.rmtree(scratch, ignore_errors=True)
    model.half().save_pretrained(scratch)
    tokenizer.save_pretrained(scratch)
    shutil.rmtree(folder, ignore_errors=True)
    scratch.rename(folder)
    return folder
