"""A Slack channel that keeps what is published to it: the methods of the Web API that the adapter calls."""

from __future__ import annotations

import itertools
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

TOKEN = "xoxb-1-planted-abba-token"
CHANNEL = "C1"


@dataclass
class Channel:
    """``messages`` by their numbers, ``files`` by their ids; ``uploads`` are not completed yet."""

    url: str = ""
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    uploads: dict[str, dict[str, Any]] = field(default_factory=dict)
    scopes: set[str] = field(default_factory=lambda: {"chat:write", "files:write", "files:read", "channels:history"})
    numbers: Any = field(default_factory=lambda: itertools.count(1))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def held(self) -> set[str]:
        return {f"message {number}" for number in self.messages} | {f"file {number}" for number in self.files}

    def answer(self, method: str, fields: dict[str, str]) -> dict[str, Any]:
        """What a method answers, ``ok`` left out; raises Refused."""
        needed = {"chat": "chat:write", "conversations": "channels:history"}.get(method.partition(".")[0])
        if needed and needed not in self.scopes:
            raise Refused("missing_scope", needed=needed)
        if fields.get("channel", CHANNEL) != CHANNEL or fields.get("channel_id", CHANNEL) != CHANNEL:
            raise Refused("channel_not_found")
        return getattr(self, method.replace(".", "_"))(fields)

    def auth_test(self, fields: dict[str, str]) -> dict[str, Any]:
        return {"user": "shop", "user_id": "UBOT"}

    def chat_postMessage(self, fields: dict[str, str]) -> dict[str, Any]:
        number = f"{next(self.numbers)}.000100"
        self.messages[number] = {"ts": number, "text": fields["text"], "metadata": json.loads(fields["metadata"])}
        return {"ts": number}

    def chat_update(self, fields: dict[str, str]) -> dict[str, Any]:
        self._message(fields)["text"] = fields["text"]
        return {"ts": fields["ts"]}

    def chat_delete(self, fields: dict[str, str]) -> dict[str, Any]:
        self._message(fields)
        del self.messages[fields["ts"]]
        return {}

    def chat_getPermalink(self, fields: dict[str, str]) -> dict[str, Any]:
        return {"permalink": f"https://shop.slack.example/archives/{CHANNEL}/p{fields['message_ts']}"}

    def conversations_history(self, fields: dict[str, str]) -> dict[str, Any]:
        if "oldest" in fields:
            return {"messages": [m for number, m in self.messages.items() if number == fields["oldest"]]}
        return {"messages": list(reversed(self.messages.values())), "response_metadata": {"next_cursor": ""}}

    def files_getUploadURLExternal(self, fields: dict[str, str]) -> dict[str, Any]:
        number = f"F{next(self.numbers)}"
        self.uploads[number] = {"id": number, "name": fields["filename"], "alt": fields.get("alt_txt", "")}
        return {"file_id": number, "upload_url": f"{self.url}/upload/{number}"}

    def files_completeUploadExternal(self, fields: dict[str, str]) -> dict[str, Any]:
        for one in json.loads(fields["files"]):
            self.files[one["id"]] = {**self.uploads.pop(one["id"]), "title": one["title"]}
        return {"files": json.loads(fields["files"])}

    def files_list(self, fields: dict[str, str]) -> dict[str, Any]:
        return {"files": [{key: value for key, value in file.items() if key != "data"} for file in self.files.values()]}

    def files_info(self, fields: dict[str, str]) -> dict[str, Any]:
        return {"file": {"id": fields["file"], "size": len(self._file(fields)["data"])}}

    def files_delete(self, fields: dict[str, str]) -> dict[str, Any]:
        self._file(fields)
        del self.files[fields["file"]]
        return {}

    def _message(self, fields: dict[str, str]) -> dict[str, Any]:
        if fields["ts"] not in self.messages:
            raise Refused("message_not_found")
        return self.messages[fields["ts"]]

    def _file(self, fields: dict[str, str]) -> dict[str, Any]:
        if fields["file"] not in self.files:
            raise Refused("file_not_found")
        return self.files[fields["file"]]


class Refused(Exception):
    def __init__(self, error: str, **more: str) -> None:
        self.answer = {"ok": False, "error": error, **more}


def serve(channel: Channel) -> ThreadingHTTPServer:
    """A server of the channel, which sets its URL. Shut it down at the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.path, _, query = self.path.partition("?")
            self._answer(query.encode())

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def _answer(self, body: bytes) -> None:
            with channel.lock:
                answer = self._upload(body) if self.path.startswith("/upload/") else self._method(body)
            data = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _upload(self, body: bytes) -> dict[str, Any]:
            channel.uploads[self.path.rpartition("/")[2]]["data"] = body
            return {}

        def _method(self, body: bytes) -> dict[str, Any]:
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                return {"ok": False, "error": "invalid_auth"}
            fields = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            try:
                return {"ok": True, **channel.answer(self.path.rpartition("/")[2], fields)}
            except Refused as refused:
                return refused.answer

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    channel.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
