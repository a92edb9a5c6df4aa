"""aigc-sdk: text, pictures, speech and video from one contract, on whatever hardware is there.

>>> import aigc_sdk as aigc
>>> aigc.generate("text", "Name three colours of the sky").text  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ._exports import EXPORTS
from ._version import __version__
from .torchaudio_guard import install as _guard_torchaudio

__all__ = [
    "Adapter",
    "AdapterError",
    "AdapterManifest",
    "AigcError",
    "Api",
    "Artifact",
    "AsyncClient",
    "AsyncJob",
    "Attachment",
    "AudioArtifact",
    "AudioRequest",
    "BaseAdapter",
    "BaseRunner",
    "BrokenPlugin",
    "Cancelled",
    "Check",
    "Client",
    "Completed",
    "Content",
    "ContentRefused",
    "CorruptModel",
    "Credential",
    "Credentials",
    "CredentialsRefused",
    "DeadlineExceeded",
    "Delta",
    "Energy",
    "Event",
    "Failed",
    "Finding",
    "HashMismatch",
    "ImageArtifact",
    "ImageRequest",
    "InvalidRequest",
    "Item",
    "Job",
    "JobExists",
    "Journal",
    "LicenceRefused",
    "Loader",
    "Manifest",
    "Media",
    "Message",
    "MissingExtra",
    "Modality",
    "ModelCard",
    "ModelFiles",
    "OfflineRefused",
    "OptionSpec",
    "OutOfMemory",
    "Outcome",
    "OverBudget",
    "Package",
    "PermissionRefused",
    "Plan",
    "PolicyBlocked",
    "Preview",
    "Progress",
    "PromptTooLong",
    "Publication",
    "Published",
    "Publisher",
    "QueueFull",
    "Queued",
    "Receipt",
    "Request",
    "Resolver",
    "RunContext",
    "Runner",
    "RunnerSpec",
    "SchemaUnsatisfiable",
    "Source",
    "SourceFile",
    "SourceInfo",
    "SourceUnavailable",
    "Started",
    "StoreError",
    "TargetUnavailable",
    "TextArtifact",
    "TextRequest",
    "Tool",
    "ToolCall",
    "UnknownModel",
    "UnknownOption",
    "UnknownPlugin",
    "UnsafeFormat",
    "VectorArtifact",
    "VideoArtifact",
    "VideoRequest",
    "WriteConflict",
    "__version__",
    "default_client",
    "generate",
    "hookimpl",
    "keep_file",
    "new_file",
    "stream",
]

if TYPE_CHECKING:
    from .contract.adapter import (
        Adapter,
        AdapterManifest,
        Attachment,
        Check,
        Content,
        Credential,
        Credentials,
        Finding,
        Journal,
        Outcome,
        Package,
        Publication,
    )
    from .contract.artifacts import (
        Artifact,
        AudioArtifact,
        ImageArtifact,
        TextArtifact,
        VectorArtifact,
        VideoArtifact,
    )
    from .contract.base_adapter import BaseAdapter
    from .contract.errors import (
        AdapterError,
        AigcError,
        BrokenPlugin,
        Cancelled,
        ContentRefused,
        CorruptModel,
        CredentialsRefused,
        DeadlineExceeded,
        HashMismatch,
        InvalidRequest,
        JobExists,
        LicenceRefused,
        MissingExtra,
        OfflineRefused,
        OutOfMemory,
        OverBudget,
        PermissionRefused,
        PolicyBlocked,
        PromptTooLong,
        QueueFull,
        SchemaUnsatisfiable,
        SourceUnavailable,
        StoreError,
        TargetUnavailable,
        UnknownModel,
        UnknownOption,
        UnknownPlugin,
        UnsafeFormat,
        WriteConflict,
    )
    from .contract.events import Completed, Delta, Event, Failed, Preview, Progress, Queued, Started
    from .contract.hooks import hookimpl
    from .contract.http import Api
    from .contract.manifest import Manifest, ModelCard, OptionSpec, RunnerSpec, Source, SourceFile
    from .contract.plan import Plan
    from .contract.receipt import Energy, Receipt
    from .contract.requests import (
        AudioRequest,
        ImageRequest,
        Media,
        Message,
        Modality,
        Request,
        TextRequest,
        Tool,
        ToolCall,
        VideoRequest,
    )
    from .contract.runner import BaseRunner, Item, Loader, ModelFiles, Resolver, RunContext, Runner, SourceInfo
    from .contract.spool import keep_file, new_file
    from .engine.client import AsyncClient, Client, default_client, generate, stream
    from .engine.job import AsyncJob, Job
    from .publishing.publisher import Published, Publisher

_guard_torchaudio()  # before anything imports transformers


def __getattr__(name: str) -> Any:
    module = EXPORTS.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
