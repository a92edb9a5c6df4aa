"""A llama.cpp server in this process: loading, slots and memory."""

from __future__ import annotations

import gc
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aigc_sdk.contract.errors import CorruptModel

from .gguf_header import Header, read_header

CACHE_BYTES = 2 * 1024**3
"""Most memory for the key-value caches of all slots; slots are given up first, then context."""
CACHE_SHARE = 0.125
"""Most of the free memory for them."""
DEFAULT_CONTEXT = 4096


class LlamaServer:
    """A loaded GGUF model.

    Args:
        path: the GGUF file; the first one of a split model.
        threads: for compute. slots: requests that may run at once. bytes_free: memory to go by.

    Attributes:
        slots: requests that run at once; fewer than asked for where their caches would not fit.
        context_length: tokens that each slot holds.
        has_template: whether the model brings a chat template.

    Raises:
        CorruptModel: if llama.cpp cannot load the file: damaged, cut short, or of an unknown architecture.
    """

    def __init__(self, path: Path, *, threads: int, slots: int, bytes_free: int) -> None:
        header = read_header(path)
        self.has_template = header.chat_template is not None
        self.slots, self.context_length = fit(header, slots, bytes_free)
        self._socket = Path(tempfile.mkdtemp(prefix="aigc-llama-"))
        try:
            self._server: Any = self._load(path, threads)
        except (RuntimeError, ValueError) as error:
            shutil.rmtree(self._socket, ignore_errors=True)
            raise CorruptModel(
                f"{path} cannot be loaded by llama.cpp: damaged, cut short, or of an architecture"
                f" ({header.architecture or 'none'}) it does not know",
                plugin="text",
            ) from error

    def _load(self, path: Path, threads: int) -> Any:
        import xllamacpp

        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_parallel = self.slots
        params.n_ctx = self.slots * self.context_length
        params.kv_unified = False
        params.fit_params = False
        params.cache_ram_mib = 0  # no prompt cache: what is in it would change the rounding of later answers
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
        params.verbosity = -1
        params.warmup = False
        # The library always listens as a web server too. Nobody is to reach it: a socket file in a folder of our own
        # (or this machine only, where there are none), and a key that is never told to anyone.
        if os.name == "posix":
            params.hostnames = [str(self._socket / "s.sock")]
        params.api_keys = [secrets.token_urlsafe(32)]
        params.ui = params.endpoint_slots = params.endpoint_props = params.endpoint_metrics = False
        return xllamacpp.Server(params)

    def ask(self, chat: bool, fields: dict[str, Any], take: Callable[[dict[str, Any]], bool]) -> None:
        """Runs one request in this thread; ``take`` gets each streamed chunk and returns True to stop it.

        Raises:
            whatever ``take`` raised; ValueError, RuntimeError: llama.cpp refused the request.
        """
        raised: list[BaseException] = []

        def guarded(chunk: dict[str, Any]) -> bool:
            try:
                return take(chunk)
            except BaseException as error:  # noqa: BLE001 - it must not travel through C++; raised again below
                raised.append(error)
                return True

        (self._server.handle_chat_completions if chat else self._server.handle_completions)(fields, guarded)
        if raised:
            raise raised[0]

    def close(self) -> None:
        """Lets go of all that it held; the engine gives the memory back."""
        self._server = None
        gc.collect()
        shutil.rmtree(self._socket, ignore_errors=True)


def fit(header: Header, slots: int, bytes_free: int) -> tuple[int, int]:
    """Slots and context per slot whose caches fit: fewer slots first, then less context (but 1,024 at least)."""
    context = header.context_length or DEFAULT_CONTEXT
    per_token = cache_bytes_per_token(header)
    budget = int(min(CACHE_BYTES, max(bytes_free, 0) * CACHE_SHARE))
    slots = max(1, min(slots, budget // (per_token * context)))
    if slots == 1:
        context = max(min(context, 1024), min(context, budget // per_token))
    return slots, context


def cache_bytes_per_token(header: Header) -> int:
    """Bytes of the key-value cache per token, all layers, float16; 64 KiB where the header does not tell."""

    def number(name: str) -> int:
        value = header.values.get(f"{header.architecture}.{name}")
        return int(value) if isinstance(value, (int, float)) else 0

    heads = number("attention.head_count")
    kv_heads = number("attention.head_count_kv") or heads
    width = number("attention.key_length") or (number("embedding_length") // heads if heads else 0)
    return 2 * 2 * number("block_count") * kv_heads * width or 65_536
