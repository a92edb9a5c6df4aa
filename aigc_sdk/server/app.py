"""The application: routes, errors, bounds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from .._version import __version__
from ..engine.client import Client
from . import chat, errors, health, models
from .limits import BodyLimit
from .settings import ServerSettings
from .state import ServerState


def create_app(client: Client, settings: ServerSettings | None = None) -> FastAPI:
    """The server as an ASGI application, for uvicorn or another application to mount. The client stays the caller's."""
    settings = settings or ServerSettings()
    state = ServerState(client, settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        state.draining = True

    # The pages of documentation would load scripts from elsewhere; the description itself is served.
    app = FastAPI(title="aigc-sdk", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.aigc = state
    errors.install(app)
    for part in (models, chat, health):
        app.include_router(part.router)
    app.add_middleware(BodyLimit, most=settings.max_body_bytes, most_upload=settings.max_upload_bytes)
    return app
