"""Artifacts as response bodies, from memory or from the file that a plugin has written."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask

from ..contract.artifacts import AudioArtifact, VideoArtifact
from ..contract.spool import drop_file

Encoded = AudioArtifact | VideoArtifact


def sent(artifact: Encoded, headers: Mapping[str, str]) -> Response:
    """The artifact's bytes. Its file is removed afterwards."""
    if artifact.data is not None or artifact.path is None:
        return Response(artifact.content(), media_type=artifact.media_type, headers=dict(headers))
    done = BackgroundTask(dropped, artifact)
    return FileResponse(artifact.path, media_type=artifact.media_type, headers=dict(headers), background=done)


def dropped(artifact: Encoded) -> None:
    """Removes the file in which a plugin has put a long artifact; nobody else will ask for it."""
    if artifact.path is not None:
        drop_file(artifact.path)
