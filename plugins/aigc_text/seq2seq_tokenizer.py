"""Tokenizers of model folders that have no ``tokenizer.json``: Marian's, and those that transformers can convert."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

from aigc_sdk.contract.errors import CorruptModel, MissingExtra

from .tokenizer import Tokenizer


def load_tokenizer(folder: Path, config: dict[str, Any]) -> Tokenizer:
    """The tokenizer of a model folder.

    Raises:
        CorruptModel: if the folder has none that can be read. MissingExtra: if sentencepiece is needed and missing.
    """
    if (folder / "tokenizer.json").is_file():
        return Tokenizer.load(folder)
    if config.get("model_type") == "marian":
        return MarianTokenizer.load(folder)
    from transformers import AutoTokenizer

    try:
        converted = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        return Tokenizer.wrap(converted.backend_tokenizer, folder, chat_template=converted.chat_template)
    except (OSError, ValueError, ImportError, AttributeError) as error:
        raise CorruptModel(f"{folder} has no tokenizer that can be read: {error}", plugin="text") from None


class MarianTokenizer(Tokenizer):
    """Marian's: text is cut by a sentencepiece model, and the pieces are numbered by ``vocab.json``.

    A leading ``>>lang<<`` stays one token.
    """

    _pieces: Any

    @classmethod
    def load(cls, folder: Path) -> MarianTokenizer:
        if importlib.util.find_spec("sentencepiece") is None:
            raise MissingExtra("text", ["sentencepiece"], plugin="text")
        import sentencepiece
        from tokenizers import AddedToken, decoders, models
        from tokenizers import Tokenizer as FastTokenizer

        try:
            vocabulary = json.loads((folder / "vocab.json").read_text("utf-8"))
            pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "source.spm"))
        except (OSError, ValueError, RuntimeError) as error:
            raise CorruptModel(f"{folder} has no Marian tokenizer that can be read: {error}", plugin="text") from None
        inner = FastTokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))  # noqa: S106
        inner.decoder = decoders.Metaspace()
        inner.add_special_tokens([AddedToken(t, special=True) for t in ("</s>", "<pad>", "<unk>") if t in vocabulary])
        made = cls.wrap(inner, folder)
        assert isinstance(made, MarianTokenizer)
        made._pieces = pieces
        return made

    def encode(self, text: str, *, special: bool = False) -> list[int]:
        code = re.match(r">>[^<>\s]+<<", text)
        start = code.group() if code else ""
        cut = [start] * bool(start) + self._pieces.encode(text[len(start) :].strip(), out_type=str)
        vocabulary = self.inner.get_vocab()
        ids = [vocabulary.get(piece, vocabulary["<unk>"]) for piece in cut]
        return [*ids, vocabulary["</s>"]] if special else ids
