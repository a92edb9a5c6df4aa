"""The application: routes, errors, bounds."""

from __future__ import annotations

from fastapi import FastAPI

from .._version import __version__
from ..engine.client import Client
from . import (
    audio,
    audio_transcriptions,
    chat,
    embeddings,
    errors,
    health,
    images,
    jobs,
    metrics,
    models,
    responses,
    videos,
)
from .gate import Gate
from .limits import BodyLimit
from .settings import ServerSettings
from .state import ServerState
from .tracing import Traced


def create_app(client: Client, settings: ServerSettings | None = None) -> FastAPI:
    """The server as an ASGI application, for uvicorn or another application to mount. The client stays the caller's.

    Durable jobs run while its lifespan does; who mounts it passes that on.
    """
    settings = settings or ServerSettings()
    state = ServerState(client, settings)

    # The pages of documentation would load scripts from elsewhere; the description itself is served.
    app = FastAPI(
        title="aigc-sdk", version=__version__, docs_url=None, redoc_url=None, lifespan=lambda _: state.working()
    )
    app.state.aigc = state
    errors.install(app)
    for part in (models, chat, images, audio, audio_transcriptions, videos, responses, embeddings, jobs):
        app.router.routes.extend(part.router.routes)
    for part in (health, metrics):
        app.router.routes.extend(part.router.routes)
    most, most_upload = settings.max_body_bytes, settings.max_upload_bytes
    app.add_middleware(BodyLimit, most=most, most_upload=most_upload, arrival_s=settings.arrival_s)
    app.add_middleware(Gate, keys=state.keys, metrics=state.metrics)
    if client.engine.telemetry is not None:
        app.add_middleware(Traced, telemetry=client.engine.telemetry)
    return app
