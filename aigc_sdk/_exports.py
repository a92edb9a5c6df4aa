"""Public names and the module that defines each, imported when first asked for: ``import aigc_sdk`` stays light."""

from __future__ import annotations

_BY_MODULE = {
    "contract.errors": """AigcError AdapterError BrokenPlugin Cancelled ContentRefused CorruptModel CredentialsRefused
        DeadlineExceeded HashMismatch InvalidRequest JobExists LicenceRefused MissingExtra OfflineRefused OutOfMemory
        OverBudget PermissionRefused PolicyBlocked PromptTooLong QueueFull SchemaUnsatisfiable SourceUnavailable
        StoreError TargetUnavailable UnknownModel UnknownOption UnknownPlugin UnsafeFormat WriteConflict""",
    "contract.requests": """Media Message Modality Request TextRequest ImageRequest AudioRequest VideoRequest Tool
        ToolCall""",
    "contract.artifacts": "Artifact TextArtifact VectorArtifact ImageArtifact AudioArtifact VideoArtifact",
    "contract.events": "Event Queued Started Progress Preview Delta Completed Failed",
    "contract.receipt": "Energy Receipt",
    "contract.plan": "Plan",
    "contract.manifest": "Manifest ModelCard OptionSpec RunnerSpec Source SourceFile",
    "contract.runner": "BaseRunner Item Loader ModelFiles Resolver RunContext Runner SourceInfo",
    "contract.adapter": """Adapter AdapterManifest Attachment Check Content Credential Credentials Finding
        Journal Outcome Package Publication""",
    "contract.base_adapter": "BaseAdapter",
    "contract.spool": "keep_file new_file",
    "contract.http": "Api",
    "contract.hooks": "hookimpl",
    "engine.client": "AsyncClient Client default_client generate stream",
    "publishing.publisher": "Published Publisher",
    "engine.job": "AsyncJob Job",
}

EXPORTS: dict[str, str] = {name: module for module, names in _BY_MODULE.items() for name in names.split()}
