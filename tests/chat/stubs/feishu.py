"""Feishu's Open API and its encrypted, signed events (https://open.feishu.cn/document), as far as the bot uses them."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
from aiohttp import web
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from . import listening

SECRET, KEY, VERIFICATION = "planted-canary-secret", "planted-canary-key", "planted-canary-verification"


@dataclass
class FeishuStub:
    """``calls``: method, path, fields and files. ``refusals``: codes that a path answers next."""

    url: str = ""
    calls: list[tuple[str, str, dict[str, Any], dict[str, bytes]]] = field(default_factory=list)
    refusals: dict[str, list[int]] = field(default_factory=dict)

    def made(self, method: str, path: str) -> list[dict[str, Any]]:
        return [fields for called, where, fields, _ in self.calls if called == method and where.startswith(path)]

    async def answer(self, request: web.Request) -> web.Response:
        path, files = "/" + request.match_info["path"], {}
        if request.content_type == "multipart/form-data":
            parts = await request.post()
            files = {name: part.file.read() for name, part in parts.items() if isinstance(part, web.FileField)}
            fields = {name: part for name, part in parts.items() if isinstance(part, str)}
        else:
            fields = json.loads(await request.text() or "{}")
        if path.startswith("/auth/"):
            right = fields.get("app_secret") == SECRET
            answer = {"tenant_access_token": "t", "expire": 7200} if right else {}
            return web.json_response(
                {"code": 0 if right else 10014, "msg": "ok" if right else "app secret invalid"} | answer
            )
        self.calls.append((request.method, path, dict(request.query) | fields, files))
        if waiting := self.refusals.get(path):
            return web.json_response({"code": waiting.pop(0), "msg": "refused"}, status=400)
        data: dict[str, Any] = {"message_id": f"om_{len(self.calls)}"}
        if path == "/im/v1/images":
            data = {"image_key": "img_1"}
        if path == "/im/v1/files":
            data = {"file_key": "file_1"}
        return web.json_response({"code": 0, "msg": "ok", "data": data, "bot": {"open_id": "ou_bot"}})


def event(text: str, message: dict[str, Any] | None = None, sender: str = "user") -> dict[str, Any]:
    said = {"message_id": "om_ann", "create_time": "1", "chat_id": "oc_1", "chat_type": "p2p", "message_type": "text"}
    said |= {"content": json.dumps({"text": text})} | (message or {})
    who = {"sender_id": {"open_id": "ou_ann"}, "sender_type": sender}
    header = {"event_id": "e1", "event_type": "im.message.receive_v1", "token": VERIFICATION, "app_id": "cli_1"}
    return {"schema": "2.0", "header": header, "event": {"sender": who, "message": said}}


async def tell(port: int, body: dict[str, Any], *, key: str = KEY, signature: str = "") -> tuple[int, str]:
    """Calls the bot as Feishu does, encrypted and signed; returns status and text of its answer."""
    text = json.dumps({"encrypt": _encrypted(json.dumps(body), key)})
    stamp, nonce = str(int(time.time())), "nonce"
    signature = signature or hashlib.sha256((stamp + nonce + key + text).encode()).hexdigest()
    headers = {"X-Lark-Request-Timestamp": stamp, "X-Lark-Request-Nonce": nonce, "X-Lark-Signature": signature}
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"http://127.0.0.1:{port}/feishu/events", content=text, headers=headers)
    return answer.status_code, answer.text


def _encrypted(text: str, key: str) -> str:
    """AES-256-CBC with the key's sha256, the initial vector in front."""
    padder, start = PKCS7(128).padder(), os.urandom(16)
    cipher = Cipher(algorithms.AES(hashlib.sha256(key.encode()).digest()), modes.CBC(start)).encryptor()
    padded = padder.update(text.encode()) + padder.finalize()
    return base64.b64encode(start + cipher.update(padded) + cipher.finalize()).decode()


@contextlib.asynccontextmanager
async def feishu():
    stub = FeishuStub()
    async with listening(web.route("*", "/open-apis/{path:.*}", stub.answer)) as url:
        stub.url = url
        yield stub
