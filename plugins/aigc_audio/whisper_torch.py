"""Whisper in transformers: any Whisper model, on any device."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from aigc_sdk.contract.plan import Plan

from .listening import RATE
from .torch_loading import load_model, named
from .transcription import Segment, Stopped

if TYPE_CHECKING:
    import torch

    from .voice import Samples

NO_SPEECH = 0.6
LIKELY = -1.0
"""A window whose "no speech" is likelier than the first, and whose words are less likely (mean log-probability) than
the second, is taken to hold no speech (OpenAI's values)."""
_STEP_S = 0.02
"""Seconds from one time-stamp token to the next."""


class TorchWhisper:
    """A Whisper model in transformers.

    Raises:
        CorruptModel: if the folder holds no such model.
    """

    libraries = ("torch", "torchaudio", "transformers", "tokenizers")

    def __init__(self, folder: Path, plan: Plan) -> None:
        from tokenizers import Tokenizer
        from transformers import WhisperForConditionalGeneration

        self._model: Any = load_model(WhisperForConditionalGeneration, folder, plan)
        with named(folder):
            self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._device = plan.device
        generation = self._model.generation_config
        self._start = int(generation.decoder_start_token_id)
        self._plain = int(generation.no_timestamps_token_id)
        self._languages = {str(k).strip("<|>"): int(v) for k, v in generation.lang_to_id.items()}
        self.languages = tuple(self._languages)

    def language(self, samples: Samples) -> str:
        scores = self._first_scores(self._encoded(samples))
        return max(self._languages, key=lambda tag: float(scores[self._languages[tag]]))

    def segments(
        self, samples: Samples, language: str, prompt: str, stopped: Stopped, *, words: bool = False
    ) -> list[Segment]:
        import torch
        from transformers import StoppingCriteriaList

        encoded = self._encoded(samples)
        scores = self._first_scores(encoded)
        silence = float(scores.softmax(-1)[self._plain - 1])  # <|nospeech|> precedes <|notimestamps|>

        def stop(tokens: torch.Tensor, _: torch.Tensor, **__: Any) -> torch.Tensor:
            return torch.full((tokens.shape[0],), stopped(), device=tokens.device, dtype=torch.bool)

        with torch.inference_mode():
            made: torch.Tensor = self._model.generate(
                encoder_outputs=encoded,
                language=language,
                task="transcribe",
                return_timestamps=True,
                do_sample=False,
                prompt_ids=self._prompt(prompt),
                stopping_criteria=StoppingCriteriaList([stop]),
            )
        if stopped():
            return []
        tokens = [int(token) for token in made[0]]
        if silence > NO_SPEECH and self._likelihood(encoded, tokens, language) < LIKELY:
            return []
        return self._cut(tokens, len(samples) / RATE)

    def close(self) -> None:
        self._model = None

    def _encoded(self, samples: Samples) -> Any:
        import torch

        from .torch_sound import whisper_features

        features = whisper_features(samples, self._model.config.num_mel_bins, self._device)
        with torch.inference_mode():
            return self._model.model.encoder(features.to(self._model.dtype))

    def _first_scores(self, encoded: Any) -> torch.Tensor:
        """Scores of the first token, which says the language, or that nobody speaks: shape (tokens,)."""
        import torch

        start = torch.tensor([[self._start]], device=self._device)
        with torch.inference_mode():
            scores: torch.Tensor = self._model(encoder_outputs=encoded, decoder_input_ids=start).logits[0, -1].float()
        return scores

    def _prompt(self, text: str) -> torch.Tensor | None:
        import torch

        if not text:
            return None
        before = int(self._model.generation_config.prev_sot_token_id)
        ids = self._tokenizer.encode(f" {text}", add_special_tokens=False).ids
        return torch.tensor([before, *ids], device=self._device)

    def _likelihood(self, encoded: Any, tokens: list[int], language: str) -> float:
        """Mean log-probability of what was written."""
        import torch

        task = int(self._model.generation_config.task_to_id["transcribe"])
        head = [self._start, self._languages[language], task]
        written = [token for token in tokens if token not in head]
        ids = torch.tensor([[*head, *written]], device=self._device)
        with torch.inference_mode():
            logits = self._model(encoder_outputs=encoded, decoder_input_ids=ids[:, :-1]).logits[0, len(head) - 1 :]
        likely = logits.float().log_softmax(-1).gather(-1, ids[0, len(head) :, None])
        return float(likely.mean())

    def _cut(self, tokens: list[int], length_s: float) -> list[Segment]:
        """Segments from tokens: text between two time stamps each."""
        segments: list[Segment] = []
        start, words = 0.0, list[int]()
        for token in [*tokens, self._plain + 1 + round(length_s / _STEP_S)]:
            if token <= self._plain:
                words.append(token)
                continue
            time = (token - self._plain - 1) * _STEP_S
            text = self._tokenizer.decode([t for t in words if t < self._model.generation_config.eos_token_id])
            if text.strip():
                segments.append(Segment(min(start, length_s), min(max(time, start), length_s), text))
            start, words = time, []
        return segments
