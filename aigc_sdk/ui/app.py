"""The web application: gradio's, without what it offers beyond the page, behind the gate."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from ..engine.client import Client
from .settings import UiSettings
from .users import Users


class App:
    """One playground. Its temporary folder is removed when it is closed.

    Attributes:
        asgi: what a server runs. desk: what its tabs share.

    Raises:
        InvalidRequest: the file of users is none.
    """

    def __init__(self, client: Client, settings: UiSettings) -> None:
        users = Users(settings.auth_file) if settings.auth_file is not None else None
        self._folder = Path(tempfile.mkdtemp(prefix="aigc-ui-"))
        _tell_gradio(self._folder)

        import gradio as gr
        from fastapi import FastAPI

        from . import page, theme
        from .desk import Desk
        from .gate import Gate
        from .shelf import Shelf

        self.desk = Desk(client, Shelf(self._folder, settings), settings)
        blocks: Any = page.build_page(self.desk)
        app = gr.mount_gradio_app(
            FastAPI(openapi_url=None, docs_url=None, redoc_url=None),
            blocks,
            "/",
            server_name=settings.host,
            server_port=settings.port,
            footer_links=[],
            run_history=False,
            auth=users.admits if users is not None else None,
            favicon_path=str(theme.ICON),
            show_error=False,
            max_file_size=settings.max_upload_bytes,
            ssr_mode=False,
            enable_monitoring=False,
            pwa=False,
            mcp_server=False,
            theme=theme.theme(),
            css_paths=theme.CSS,
            js=page.SCRIPT,
        )
        self._blocks = blocks
        self.asgi = Gate(app, open_to_others=users is not None)

    def leave(self) -> None:
        """Ends what runs, and the streams that pages listen to."""
        self.desk.stop()
        self._blocks.app.stop_event.set()

    def close(self) -> None:
        """Removes the temporary folder."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _tell_gradio(folder: Path) -> None:
    """It reads these when it is imported, and when a page is built."""
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_RUN_HISTORY"] = "False"
