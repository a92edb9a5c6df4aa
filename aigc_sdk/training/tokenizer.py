"""A closed vocabulary of whole English words and single Chinese characters, as a standard ``tokenizer.json``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

PAD, BEGIN, END, UNKNOWN = "<pad>", "<begin>", "<end>", "<unk>"
MAX_TOKENS = 16

_FILLERS = (
    r"\b(a|an|the|of|picture|image|icon|emoji|photo|illustration|drawing|in|style|with|and|on|to|for|please|some)\b"
)
# By then each Chinese character stands between spaces.
_FILLERS_ZH = "一 *[个只张幅辆杯朵条件双台部座棵头]|图 *片|图 *标|表 *情|风 *格|画 *风|请|的"
_PLURAL = r"(?<=[a-z]{2}[^s\W])s\b"
"""The s of a plural, of words of four letters and more, but not of "glass"."""


def build(texts: Iterable[str], tokens: int = MAX_TOKENS) -> PreTrainedTokenizerFast:
    """A tokenizer that knows every word of the texts.

    Letters are lowered, accents, plural endings and filler words dropped, so that "The cats" and "cat" are one.

    Args:
        tokens: longest caption, with the two tokens that begin and end it.
    """
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.WordLevel({UNKNOWN: 0}, unk_token=UNKNOWN))
    core.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=True, lowercase=True),
            normalizers.Replace(Regex(r"['’]s\b"), ""),
            normalizers.Replace(Regex(_PLURAL), ""),
            normalizers.Replace(Regex(_FILLERS), " "),
            normalizers.Replace(Regex(_FILLERS_ZH), " "),
            normalizers.Replace(Regex(r"[^\w]+"), " "),
        ]
    )
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    words = sorted(
        {
            piece
            for text in texts
            for piece, _ in core.pre_tokenizer.pre_tokenize_str(core.normalizer.normalize_str(text))
        }
    )
    vocabulary = {word: place for place, word in enumerate([PAD, BEGIN, END, UNKNOWN, *words])}
    core.model = models.WordLevel(vocabulary, unk_token=UNKNOWN)
    core.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN} $A {END}", special_tokens=[(BEGIN, vocabulary[BEGIN]), (END, vocabulary[END])]
    )
    kind: Any = PreTrainedTokenizerFast  # its constructor has no types
    made: PreTrainedTokenizerFast = kind(
        tokenizer_object=core,
        model_max_length=tokens,
        pad_token=PAD,
        bos_token=BEGIN,
        eos_token=END,
        unk_token=UNKNOWN,
    )
    return made
