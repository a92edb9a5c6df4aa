"""What a model folder says about turning texts into vectors, in the files that sentence-transformers writes.

A folder without them is taken for a plain encoder: the mean of its tokens' vectors.
https://sbert.net/docs/package_reference/sentence_transformer/models.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from aigc_sdk.contract.errors import CorruptModel, InvalidRequest

from .resolve import MODULES, context_length
from .tokenizer import read_json

Pooling = Literal["mean", "cls", "lasttoken"]
_KNOWN = ("Transformer", "Pooling", "Normalize")
_SWITCHES = {"mean_tokens": "mean", "cls_token": "cls"}
_DEFAULT_TOKENS = 512


@dataclass(frozen=True, slots=True)
class SentenceSettings:
    """How a model's vectors are made.

    Attributes:
        pooling: of the tokens' vectors: their mean, the first token's or the last one's.
        max_tokens: longest text, its special tokens included.
        prefix: what the model expects before every text; often nothing.
        shorter: lengths below the model's own that it is trained to be cut to (https://arxiv.org/abs/2205.13147).
    """

    pooling: Pooling
    max_tokens: int
    prefix: str
    shorter: frozenset[int]


def read_settings(folder: Path) -> SentenceSettings:
    """The settings of a model folder.

    Raises:
        CorruptModel: a file is no JSON. InvalidRequest: the model has parts, or a pooling, that are not known here.
    """
    config = read_json(folder / "config.json")
    transformer = read_json(folder / "sentence_bert_config.json")
    whole = read_json(folder / "config_sentence_transformers.json")
    trained = config.get("matryoshka_dimensions") or whole.get("matryoshka_dimensions") or ()
    return SentenceSettings(
        pooling=_pooling(folder),
        max_tokens=_max_tokens(config, transformer),
        prefix=str((whole.get("prompts") or {}).get(whole.get("default_prompt_name"), "")),
        shorter=frozenset(int(length) for length in trained),
    )


def _pooling(folder: Path) -> Pooling:
    path = folder / MODULES
    if not path.is_file():
        return "mean"
    try:
        parts = {
            str(part["type"]).rpartition(".")[2]: str(part["path"]) for part in json.loads(path.read_text("utf-8"))
        }
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptModel(f"{path} is damaged: {error!r}", plugin="text") from None
    if strange := [name for name in parts if name not in _KNOWN]:
        raise InvalidRequest(
            f"the model has a part {strange[0]!r}, which the encoder runner does not know", plugin="text"
        )
    return _named(read_json(folder / parts.get("Pooling", "1_Pooling") / "config.json"))


def _named(settings: dict[str, Any]) -> Pooling:
    """Newer files name the pooling, older ones have a switch for each."""
    on = [name.removeprefix("pooling_mode_") for name, value in settings.items() if value is True]
    modes = [_SWITCHES.get(name, name) for name in on if name != "include_prompt"] if settings else ["mean"]
    modes = [str(settings["pooling_mode"])] if "pooling_mode" in settings else modes
    for name in get_args(Pooling):
        if modes == [name]:
            return cast(Pooling, name)
    what = f"the model pools its tokens by {' and '.join(modes) or 'nothing'}, which the encoder runner does not know"
    raise InvalidRequest(what, plugin="text")


def _max_tokens(config: dict[str, Any], transformer: dict[str, Any]) -> int:
    room = context_length(config) or _DEFAULT_TOKENS
    if str(config.get("model_type")) in ("roberta", "xlm-roberta", "camembert", "mpnet"):
        room -= 2  # their positions begin after the padding token's id
    return min(room, int(transformer.get("max_seq_length") or room))
