"""Writes sound to a file while it is made: wav, flac, mp3 or ogg (Opus), at any rate the format knows. By FFmpeg."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np

from aigc_sdk.contract.errors import AigcError, InvalidRequest

if TYPE_CHECKING:
    from .voice import Samples

MEDIA_TYPES = {"wav": "audio/wav", "flac": "audio/flac", "mp3": "audio/mpeg", "ogg": "audio/ogg"}
_CODECS = {"wav": "pcm_s16le", "flac": "flac", "mp3": "libmp3lame", "ogg": "libopus"}
_RATES = {
    "mp3": (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000),
    "ogg": (8000, 12_000, 16_000, 24_000, 48_000),
}
"""Sample rates of the formats that do not take any."""
_SPEECH_BITS = 64_000
_WIDE_BITS = 128_000
_WIDE_FROM = 32_000
_LARGEST_FRAME = 1 << 16


def check_rate(form: str, rate: int) -> None:
    """Raises InvalidRequest if the format has no such sample rate."""
    if form in _RATES and rate not in _RATES[form]:
        known = ", ".join(map(str, _RATES[form]))
        what = f"{form} has no sample rate of {rate} Hz"
        raise InvalidRequest(what, plugin="audio", fix=f"sample_rate one of {known}; or wav or flac")


class SoundFile:
    """A sound file in the making. Takes float samples at ``rate_in``, writes 16 bits mono at ``rate``.

    Raises, from all methods:
        AigcError: the disk is full or cannot be written.
    """

    def __init__(self, path: Path, form: str, rate_in: int, rate: int) -> None:
        self.path = path
        self.rate = rate
        self.samples = 0
        self._resampler = None if rate == rate_in else av.AudioResampler("flt", "mono", rate)
        self._rate_in = rate_in
        # bitexact: no version of FFmpeg and no random serial number in the file; the same sound is the same bytes.
        options = {"fflags": "+bitexact"}
        with _disk_errors(path):
            self._container = av.open(str(path), "w", format=form, container_options=options)
            self._stream: Any = self._container.add_stream(_CODECS[form], rate=rate)
        self._stream.layout = "mono"
        self._stream.codec_context.flags |= av.codec.context.Flags.bitexact
        if form in ("mp3", "ogg"):
            self._stream.bit_rate = _SPEECH_BITS if rate < _WIDE_FROM else _WIDE_BITS

    def write(self, samples: Samples) -> bytes:
        """Appends samples (-1 to 1). Returns what went into the file, as 16-bit little-endian PCM."""
        return self._encode(self._resampled(samples))

    def close(self) -> bytes:
        """Ends the file. Returns the PCM of what the resampler still held."""
        rest = self._encode(self._drained())
        with _disk_errors(self.path):
            for packet in self._stream.encode(None):
                self._container.mux(packet)
            self._container.close()
        return rest

    def abandon(self) -> None:
        """Closes and removes the unfinished file."""
        try:
            self._container.close()
        except (av.FFmpegError, ValueError):
            pass
        finally:
            self.path.unlink(missing_ok=True)

    def _resampled(self, samples: Samples) -> Samples:
        if self._resampler is None or len(samples) == 0:
            return samples
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout="mono")
        frame.sample_rate = self._rate_in
        return _joined(self._resampler.resample(frame))

    def _drained(self) -> Samples:
        return np.zeros(0, np.float32) if self._resampler is None else _joined(self._resampler.resample(None))

    def _encode(self, samples: Samples) -> bytes:
        if len(samples) == 0:
            return b""
        pcm = np.rint(np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2")
        with _disk_errors(self.path):
            for start in range(0, len(pcm), _LARGEST_FRAME):
                for packet in self._packets(pcm[start : start + _LARGEST_FRAME]):
                    self._container.mux(packet)
        return pcm.tobytes()

    def _packets(self, pcm: np.ndarray[Any, Any]) -> Iterator[Any]:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(pcm).reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = self.rate
        frame.pts = self.samples
        self.samples += len(pcm)
        yield from self._stream.encode(frame)


def _joined(frames: list[Any]) -> Samples:
    parts = [frame.to_ndarray().reshape(-1) for frame in frames]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


class _disk_errors:
    """Turns FFmpeg's errors about the disk into one of our tree."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise AigcError(
                f"the sound cannot be written to {self._path.parent}: {error.strerror or error}",
                plugin="audio",
                fix="free some space there, or set TMPDIR to a folder on a larger disk",
            ) from error
