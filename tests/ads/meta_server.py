"""A local server that speaks the part of Meta's Graph API that the adapter uses. It keeps what it is given."""

from __future__ import annotations

import email.parser
import email.policy
import hashlib
import io
import json
import re
import threading
import urllib.parse
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from PIL import Image

EDGES = {"ads": "ad", "adsets": "adset", "adcreatives": "creative", "adimages": "image", "advideos": "video"}
ACCOUNT, PAGE, CAMPAIGN, AD_SET = "act_9", "55", "60", "61"


class Refused(Exception):
    """An error answer of the Graph API."""

    def __init__(self, message: str, code: int = 100, subcode: int | None = None, status: int = 400, **more) -> None:
        super().__init__(message)
        self.status = status
        self.headers = more.pop("headers", {})
        self.body = {"error": {"message": message, "type": "OAuthException", "code": code, **more}}
        if subcode:
            self.body["error"]["error_subcode"] = subcode


class MetaServer:
    """Attributes:
    kept: objects by id, with their ``kind``. calls: such as ``POST ads``. faults: by call, each used once.
    """

    def __init__(self) -> None:
        self.kept: dict[str, dict] = {
            ACCOUNT: {"kind": "account", "name": "Hearthline", "account_status": 1},
            PAGE: {"kind": "page", "name": "Hearthline mugs"},
            CAMPAIGN: {"kind": "campaign", "name": "Autumn"},
            AD_SET: {"kind": "adset", "name": "Everybody", "campaign_id": CAMPAIGN, "status": "PAUSED"},
        }
        self.calls: list[str] = []
        self.sent: list[dict] = []
        self.faults: dict[str, list] = defaultdict(list)
        self.token = "token-secret"
        self.encoding = 1
        self.insights: dict[str, list[dict]] = {}
        self._last = 700
        self._uploads: dict[str, dict] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def alive(self, kind: str) -> dict[str, dict]:
        return {key: one for key, one in self.kept.items() if one["kind"] == kind and one.get("status") != "DELETED"}

    def _handler(self):
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                parsed = urllib.parse.urlsplit(self.path)
                params = dict(urllib.parse.parse_qsl(parsed.query, keep_blank_values=True))
                body, files = owner._body(self)
                owner._serve(self, parsed.path.split("/")[2:], params | body, files)

            do_GET = do_POST = do_DELETE = _answer

            def log_message(self, *_args: object) -> None:
                pass

        return Handler

    def _body(self, handler) -> tuple[dict[str, str], dict[str, tuple[str, bytes]]]:
        data = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        kind = handler.headers.get("Content-Type", "")
        if not kind.startswith("multipart/form-data"):
            return dict(urllib.parse.parse_qsl(data.decode(), keep_blank_values=True)), {}
        parser = email.parser.BytesParser(policy=email.policy.HTTP)
        params, files = {}, {}
        for part in parser.parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + data).iter_parts():
            name = part.get_param("name", header="content-disposition")
            if part.get_filename():
                files[name] = (part.get_filename(), part.get_payload(decode=True))
            else:
                params[name] = part.get_payload(decode=True).decode()
        return params, files

    def _serve(self, handler, path: list[str], params: dict[str, str], files) -> None:
        edge = path[1] if len(path) > 1 else self.kept.get(path[0], {}).get("kind", "object")
        name = f"{handler.command} {edge}{' ' + params['upload_phase'] if 'upload_phase' in params else ''}"
        self.calls.append(name)
        self.sent.append(params)
        fault = self.faults[name].pop(0) if self.faults[name] else None
        try:
            if params.pop("access_token", "") != self.token:
                raise Refused("Invalid OAuth access token.", 190, status=401)
            if fault and fault["when"] == "before":
                return self._break(handler, fault["what"])
            answer = self._act(handler.command, path, params, files)
            if fault:
                return self._break(handler, fault["what"])
            self._send(handler, 200, answer)
        except Refused as refused:
            self._send(handler, refused.status, refused.body, refused.headers)

    def _break(self, handler, what) -> None:
        if isinstance(what, Refused):
            raise what
        if what == "cut":
            handler.close_connection = True
            handler.connection.close()
            return
        self._send(handler, what, "<html><body>Bad Gateway, no success</body></html>")

    def _send(self, handler, status: int, answer, headers=()) -> None:
        data = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "text/html" if isinstance(answer, str) else "application/json")
        handler.send_header("Content-Length", str(len(data)))
        for name, value in dict(headers).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)

    # --- what is asked --------------------------------------------------------------------------------------------

    def _act(self, method: str, path: list[str], params: dict[str, str], files):
        if len(path) == 1:
            return getattr(self, f"_{method.lower()}_object")(path[0], params)
        node, edge = path
        if method == "GET":
            return self._list(node, edge, params)
        if method == "DELETE":
            return self._delete_image(params["hash"])
        return getattr(self, f"_post_{edge}")(params, files)

    def _object(self, key: str) -> dict:
        if key not in self.kept:
            raise Refused(f"Unsupported get request. Object with ID '{key}' does not exist", 100, 33)
        return self.kept[key]

    def _get_object(self, key: str, params):
        found = self._object(key)
        if found["kind"] == "video" and found["waits"] > 0:
            found["waits"] -= 1
            return {"id": key, "status": {"video_status": "processing"}}
        return self._shown(key, params.get("fields", "id"))

    def _shown(self, key: str, fields: str) -> dict:
        shown = {"id": key}
        for name, inner in re.findall(r"(\w+)(?:\{([^}]*)\})?", fields):
            if name == "creative":
                shown["creative"] = self._shown(self.kept[key]["creative"], inner or "id")
            elif name in self.kept[key]:
                shown[name] = self.kept[key][name]
        return shown

    def _post_object(self, key: str, params):
        found = self._object(key)
        if found["kind"] != "ad":
            raise Refused("This object cannot be edited", 100, 1815573)
        if "creative" in params:
            found["creative"] = json.loads(params["creative"])["creative_id"]
        found |= {name: params[name] for name in ("status", "name") if name in params}
        return {"success": True}

    def _delete_object(self, key: str, params):
        found = self._object(key)
        if found["kind"] == "creative" and any(one["creative"] == key for one in self.alive("ad").values()):
            raise Refused("This creative is used by an ad", 100, 1487007)
        if found["kind"] == "video":
            del self.kept[key]
        else:
            found["status"] = "DELETED"
        return {"success": True}

    def _delete_image(self, key: str):
        self.kept.pop(key, None)
        return {"success": True}

    def _list(self, node: str, edge: str, params):
        if edge == "insights":
            span = json.loads(params["time_range"])
            days = [one for one in self.insights.get(node, []) if span["since"] <= one["date_start"] <= span["until"]]
            return {"data": days}
        kind = {"ads": "ad", "adsets": "adset", "adcreatives": "creative", "adimages": "image", "advideos": "video"}[
            edge
        ]
        rows = self.alive(kind)
        for name in ("name", "title"):
            if name in params:
                rows = {key: one for key, one in rows.items() if one.get(name) == params[name]}
        for one in json.loads(params.get("filtering", "[]")):
            assert one["operator"] == "CONTAIN"
            rows = {key: row for key, row in rows.items() if one["value"] in row[one["field"]]}
        start, limit = int(params.get("after", 0)), int(params["limit"])
        page = list(rows)[start : start + limit]
        fields = params.get("fields", "id,name,hash")
        answer = {
            "data": [self._shown(key, fields) for key in page],
            "paging": {"cursors": {"after": str(start + limit)}},
        }
        if start + limit < len(rows):
            answer["paging"]["next"] = "https://graph.facebook.com/next"
        return answer

    # --- what is made ---------------------------------------------------------------------------------------------

    def _keep(self, kind: str, **fields) -> str:
        self._last += 1
        self.kept[str(self._last)] = {"kind": kind, **fields}
        return str(self._last)

    def _post_adimages(self, params, files):
        found = {}
        for name, data in files.values():
            try:
                Image.open(io.BytesIO(data)).verify()
            except OSError:
                raise Refused("Invalid image", 100, 1487411, error_user_msg="The image cannot be read.") from None
            key = hashlib.md5(data).hexdigest()
            self.kept.setdefault(key, {"kind": "image", "name": name, "hash": key})
            found[name] = {"hash": key, "url": f"{self.url}/{key}"}
        return {"images": found}

    def _post_advideos(self, params, files):
        phase = params["upload_phase"]
        if phase == "start":
            self._last += 1
            upload = {"video_id": str(self._last), "size": int(params["file_size"]), "data": b""}
            self._uploads[f"s{self._last}"] = upload
            end = min(100_000, upload["size"])
            offsets = {"start_offset": "0", "end_offset": str(end)}
            return {"upload_session_id": f"s{self._last}", "video_id": upload["video_id"], **offsets}
        upload = self._uploads[params["upload_session_id"]]
        if phase == "transfer":
            start = int(params["start_offset"])
            upload["data"] = upload["data"][:start] + next(iter(files.values()))[1]
            done = len(upload["data"])
            return {"start_offset": str(done), "end_offset": str(min(done + 100_000, upload["size"]))}
        assert len(upload["data"]) == upload["size"]
        more = {"title": params["title"], "data": upload["data"], "ai": params.get("is_ai_generated")}
        self.kept[upload["video_id"]] = {
            "kind": "video", "status": {"video_status": "ready"}, "waits": self.encoding, **more,
        }  # fmt: skip
        return {"success": True}

    def _post_adcreatives(self, params, files):
        spec = json.loads(params["object_story_spec"])
        if spec.get("page_id") != PAGE:
            raise Refused("no page", 200, status=403)
        data = spec.get("link_data") or spec.get("video_data")
        place = [["object_story_spec", "link_data" if "link_data" in spec else "video_data"]]
        if data.get("image_hash") not in self.kept:
            raise Refused("image_hash missing", 100, 1443048, error_data={"blame_field_specs": place})
        if "link_data" in spec and not data.get("link"):
            raise Refused("link is missing", 100, 1443050, error_data={"blame_field_specs": place})
        if "video_data" in spec and self.kept[data["video_id"]]["waits"]:
            raise Refused("the video is not ready", 100, 1885252, error_data={"blame_field_specs": place})
        if "forbidden" in data["message"]:
            more = {"error_user_title": "Ad not allowed", "error_user_msg": "It is against our advertising policy."}
            raise Refused("policy", 368, 1487390, **more)
        return {"id": self._keep("creative", name=params["name"], object_story_spec=spec)}

    def _post_ads(self, params, files):
        creative = json.loads(params["creative"])["creative_id"]
        if params["adset_id"] not in self.kept or creative not in self.kept:
            raise Refused("no such ad set or creative", 100, 1487929)
        return {"id": self._keep("ad", name=params["name"], creative=creative, status=params["status"])}
