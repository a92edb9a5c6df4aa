"""Where OAuth tokens are refreshed: a local HTTP server that gives one for the right refresh token."""

from __future__ import annotations

import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class TokenServer:
    """Attributes: refused: answer every refresh token with ``invalid_grant``. asked: how often it was asked."""

    def __init__(self) -> None:
        self.refused = False
        self.asked = 0
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                owner.asked += 1
                sent = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                given = (sent["refresh_token"], sent["client_secret"])
                good = not owner.refused and given == (["refresh-secret"], ["client-secret"])
                answer = {"access_token": "access", "expires_in": 3600, "token_type": "Bearer"}
                bad = {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
                self.send_response(200 if good else 400)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(answer if good else bad).encode())

            def log_message(self, *_args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/token"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
