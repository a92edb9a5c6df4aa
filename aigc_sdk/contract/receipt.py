"""The receipt: what was made, by what, with what, at what cost. Enough to make it again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import Field

from .model import Closed
from .plan import Plan
from .requests import Modality


class Energy(Closed):
    """Energy used by one job. ``method`` says whether it was measured (``rapl``, ``nvml``) or estimated."""

    joules: float = Field(ge=0)
    method: str


class Part(Closed):
    """What another job made for this one (:meth:`~aigc_sdk.contract.runner.RunContext.generate`)."""

    job: str
    modality: Modality
    task: str
    model: str
    licence: str
    weights: dict[str, str] = {}
    seed: int
    output_sha256: str


class Receipt(Closed):
    """The record inside an artifact.

    Attributes:
        version: of the receipt's own form. job: the job's id. created: when it was done, UTC.
        modality: of the artifact. task: that was served.
        request: the request without defaults, as JSON (media by their sha256).
        model: the model card's id. licence: of the model, an SPDX id or the name of its terms.
        plugin: the plugin that made it. plugin_version, sdk_version: the versions it was made with.
        seed: the seed used, drawn by the engine if the request gave none.
        options: request fields and plugin options as resolved against the model card.
        weights: name and sha256 (hex) of each model file.
        libraries: versions of the libraries that computed. plan: how the model ran.
        timings: seconds: ``queued``, ``load`` (0 if resident), ``preprocess``, ``first_output``, ``run``, ``total``.
        units: what was counted, such as ``input_tokens``, ``output_tokens``, ``pixels``.
        energy: what the job used, where that was measured.
        rungs: rungs of the out-of-memory ladder that were taken.
        notes: what the user should know about how it came out, a sentence each.
        parts: what other jobs made for this one, such as a video's keyframes.
        labels: marks the artifact carries.
        node: the machine of a cluster that made it; None if that was this process.
        output_sha256: digest (hex) of the bytes the plugin made, before any label (UTF-8 for text); replay compares it.
    """

    version: Literal[1] = 1
    job: str
    created: datetime = Field(default_factory=lambda: datetime.now(UTC))
    modality: Modality
    task: str
    request: dict[str, Any]
    model: str
    licence: str
    weights: dict[str, str] = {}
    plugin: str
    plugin_version: str
    sdk_version: str
    libraries: dict[str, str] = {}
    seed: int
    options: dict[str, Any] = {}
    plan: Plan
    timings: dict[str, float] = {}
    units: dict[str, float] = {}
    energy: Energy | None = None
    rungs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    labels: tuple[str, ...] = ()
    node: str | None = None
    output_sha256: str
