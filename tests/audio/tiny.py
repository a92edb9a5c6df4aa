"""Tiny speech models with random weights, in the very folders that transformers would save real ones to."""

from __future__ import annotations

import json
from pathlib import Path

LETTERS = "abcdefghijklmnopqrstuvwxyz '.,"


def vits(folder: Path, **fields: object) -> Path:
    """VITS that reads letters; ``fields`` change its configuration."""
    import torch
    from transformers import VitsConfig, VitsModel

    torch.manual_seed(0)
    config = VitsConfig(
        vocab_size=len(LETTERS) + 2, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, ffn_dim=32,
        flow_size=16, spectrogram_bins=9, upsample_initial_channel=32, upsample_rates=[8, 8], prior_encoder_num_flows=2,
        upsample_kernel_sizes=[16, 16], resblock_kernel_sizes=[3], resblock_dilation_sizes=[[1, 3, 5]],
        duration_predictor_num_flows=2, duration_predictor_filter_channels=16, prior_encoder_num_wavenet_layers=1,
        posterior_encoder_num_wavenet_layers=1, depth_separable_num_layers=1, wavenet_kernel_size=3, **fields,
    )  # fmt: skip
    VitsModel(config).save_pretrained(folder)
    _vits_tokenizer(folder)
    return folder


def _vits_tokenizer(folder: Path) -> None:
    vocabulary = {"<pad>": 0, "<unk>": 1} | {letter: i for i, letter in enumerate(LETTERS, 2)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    settings = {"tokenizer_class": "VitsTokenizer", "language": "eng", "add_blank": True, "normalize": True}
    settings |= {"phonemize": False, "is_uroman": False, "pad_token": "<pad>", "unk_token": "<unk>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def speecht5(folder: Path, *, vocoder: bool) -> Path:
    """SpeechT5, with or without its vocoder beside it."""
    import sentencepiece
    import torch
    from transformers import SpeechT5Config, SpeechT5ForTextToSpeech, SpeechT5HifiGan, SpeechT5HifiGanConfig

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    text = folder / "letters.txt"
    text.write_text("\n".join(["the quick brown fox jumps over the lazy dog"] * 20))
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(folder / "spm_char"), model_type="char", vocab_size=34, minloglevel=2,
        bos_id=0, pad_id=1, eos_id=2, unk_id=3, hard_vocab_limit=False,
    )  # fmt: skip
    text.unlink()
    (folder / "spm_char.vocab").unlink()
    config = SpeechT5Config(
        vocab_size=40, hidden_size=24, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=24, decoder_ffn_dim=24, speech_decoder_prenet_units=16,
        speech_decoder_postnet_units=16, speech_decoder_postnet_layers=2, speaker_embedding_dim=8,
        speech_decoder_prenet_layers=2,
    )  # fmt: skip
    model = SpeechT5ForTextToSpeech(config)
    model.speech_decoder_postnet.prob_out.bias.data.fill_(-10.0)  # it would stop at once
    model.save_pretrained(folder)
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "SpeechT5Tokenizer"}))
    if vocoder:
        small = SpeechT5HifiGanConfig(upsample_initial_channel=16)
        made = SpeechT5HifiGan(small)
        for weights in made.parameters():  # as they are initialised, nothing is audible
            if weights.dim() > 1:
                torch.nn.init.kaiming_normal_(weights)
        made.save_pretrained(folder / "vocoder")
    return folder


def bark(folder: Path) -> Path:
    """Bark: three transformers and a codec."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import (
        BarkCoarseConfig,
        BarkConfig,
        BarkFineConfig,
        BarkModel,
        BarkProcessor,
        BarkSemanticConfig,
        EncodecConfig,
        PreTrainedTokenizerFast,
    )
    from transformers.models.bark.generation_configuration_bark import (
        BarkCoarseGenerationConfig,
        BarkFineGenerationConfig,
        BarkSemanticGenerationConfig,
    )

    torch.manual_seed(0)
    shape = {"num_layers": 1, "num_heads": 2, "hidden_size": 16, "block_size": 1024}
    codec = EncodecConfig(hidden_size=8, num_filters=2, codebook_size=1024, codebook_dim=8, target_bandwidths=[6.0])
    config = BarkConfig(
        semantic_config=BarkSemanticConfig(input_vocab_size=129_600, output_vocab_size=10_048, **shape).to_dict(),
        coarse_acoustics_config=BarkCoarseConfig(input_vocab_size=12_096, output_vocab_size=12_096, **shape).to_dict(),
        fine_acoustics_config=BarkFineConfig(
            n_codes_total=8, n_codes_given=1, input_vocab_size=1056, output_vocab_size=1056, **shape
        ).to_dict(),
        codec_config=codec.to_dict(),
    )
    BarkModel(config).save_pretrained(folder)
    semantic = BarkSemanticGenerationConfig(max_new_tokens=12, min_eos_p=None)
    generation = {
        "model_type": "bark",
        "sample_rate": 24_000,
        "codebook_size": 1024,
        "semantic_config": semantic.to_dict(),
        "coarse_acoustics_config": BarkCoarseGenerationConfig().to_dict(),
        "fine_acoustics_config": BarkFineGenerationConfig().to_dict(),
    }
    (folder / "generation_config.json").write_text(json.dumps(generation, default=str))
    words = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "hello": 5, "there": 6}
    inner = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="[PAD]", unk_token="[UNK]")
    BarkProcessor(tokenizer).save_pretrained(folder)
    return folder


def musicgen(folder: Path) -> Path:
    """MusicGen: a text encoder, a decoder and a codec."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import (
        EncodecConfig,
        EncodecModel,
        MusicgenDecoderConfig,
        MusicgenForCausalLM,
        MusicgenForConditionalGeneration,
        PreTrainedTokenizerFast,
        T5Config,
        T5EncoderModel,
    )

    torch.manual_seed(0)
    text = T5EncoderModel(T5Config(vocab_size=32, d_model=16, d_ff=32, num_layers=1, num_heads=2, d_kv=8))
    codec = EncodecConfig(
        sampling_rate=8000, hidden_size=8, num_filters=2, codebook_size=64, codebook_dim=8,
        target_bandwidths=[20.0], upsampling_ratios=[4, 4], audio_channels=1,
    )  # fmt: skip
    decoder = MusicgenDecoderConfig(
        vocab_size=64, hidden_size=16, ffn_dim=32, num_hidden_layers=1, num_attention_heads=2, num_codebooks=4,
        max_position_embeddings=512, pad_token_id=64, bos_token_id=64,
    )  # fmt: skip
    model = MusicgenForConditionalGeneration(
        text_encoder=text, audio_encoder=EncodecModel(codec), decoder=MusicgenForCausalLM(decoder)
    )
    model.generation_config.update(decoder_start_token_id=64, pad_token_id=64, bos_token_id=64)
    model.save_pretrained(folder)
    inner = Tokenizer(models.WordLevel({"<pad>": 0, "</s>": 1, "<unk>": 2, "a": 3, "happy": 4}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="<pad>", unk_token="<unk>").save_pretrained(folder)
    return folder
