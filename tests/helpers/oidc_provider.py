"""A real OpenID provider (oidc-provider-mock, on authlib) in a process of its own, over TLS.

It stands on the loopback interface, where the product calls nobody. `RunningProvider.calls` is what lets a
test get there: it answers for the provider's name with a public address, and dials the loopback one instead.

`/test/...` are addresses of ours in front of the provider: what it heard, another key, and answers that are
forged on their way out, signed with whatever a test wants.
"""

from __future__ import annotations

import hmac
import importlib
import json
import socket
import ssl
import subprocess
import sys
import warnings
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from backend_lite.core.security.outgoing import OutgoingAnswer, OutgoingCalls
from tests.agent.certificates import make_ca, make_leaf, write_files

NAME = "login.example"
PUBLIC = "93.184.216.34"


@dataclass
class RunningProvider:
    port: int
    calls: OutgoingCalls

    @property
    def issuer(self) -> str:
        return f"https://{NAME}:{self.port}"

    async def sign_in(self, authorization_url: str, subject: str) -> dict[str, str]:
        """As a person does in the browser; the query that the browser brings back."""
        return await self._answer_form(authorization_url, {"sub": subject})

    async def deny(self, authorization_url: str) -> dict[str, str]:
        back = await self._answer_form(authorization_url, {"action": "deny"})
        # This provider leaves it out, against RFC 6749.
        return {"state": asked(authorization_url)["state"], **back}

    async def set_claims(self, subject: str, **claims: object) -> None:
        await self._call("PUT", f"/users/{subject}", claims)

    async def forge(self, **how: object) -> None:
        """From now on `claims` and `header` are put into ID tokens, `drop` are claims that are left out, and
        `sign` is the algorithm, or `other` for another key; without arguments all is as it was."""
        await self._call("POST", "/test/forge", how)

    async def rotate(self, kid: str) -> None:
        """Sign with another key, of that id."""
        await self._call("POST", "/test/rotate", {"kid": kid})

    async def heard(self, path: str) -> list[dict[str, Any]]:
        """The forms that were sent there so far, with the Authorization header."""
        answer = await self.calls.call("GET", f"{self.issuer}/test/heard")
        return [one for one in json.loads(answer.body) if one["path"] == path]

    async def _answer_form(self, url: str, form: dict[str, str]) -> dict[str, str]:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await self.calls.call("POST", url, headers=headers, body=urlencode(form).encode())
        assert answer.status in (302, 303), answer.body
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query))

    async def _call(self, method: str, path: str, body: object) -> OutgoingAnswer:
        headers = {"Content-Type": "application/json"}
        url = f"{self.issuer}{path}"
        answer = await self.calls.call(method, url, headers=headers, body=json.dumps(body).encode())
        assert answer.status < 300, answer.body
        return answer


def asked(authorization_url: str) -> dict[str, str]:
    """The query with which a browser was sent to the provider."""
    return dict(parse_qsl(urlsplit(authorization_url).query))


@contextmanager
def running_provider(folder: Path) -> Iterator[RunningProvider]:
    ca = make_ca()
    certificate, key = write_files(folder, make_leaf(ca, NAME))
    command = [sys.executable, "-m", __name__, str(certificate), str(key)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=quiet, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            yield RunningProvider(port, _calls(port, ca.pem))
        finally:
            process.terminate()


def _calls(port: int, ca_pem: str) -> OutgoingCalls:
    def dial(address: str, asked_port: int, timeout_s: float) -> socket.socket:
        assert (address, asked_port) == (PUBLIC, port)
        return socket.create_connection(("127.0.0.1", port), timeout_s)

    return OutgoingCalls(
        resolve=lambda host, _port: [PUBLIC] if host == NAME else [],
        dial=dial,
        trust=lambda: ssl.create_default_context(cadata=ca_pem),
    )


# ---- in the process of the provider


class _Front:
    """Around the provider: what it heard, and what is forged of what it says."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.forgery: dict[str, Any] = {}
        self.kid = ""

    def install(self, app: Any) -> None:
        import flask
        from joserfc import jwk

        def listen() -> None:
            request = flask.request
            told = {**request.args.to_dict(), **request.form.to_dict()}
            told["authorization"] = request.headers.get("authorization", "")
            if not request.path.startswith("/test/"):
                self.heard.append({"path": request.path, **told})

        def forge(response: Any) -> Any:
            if flask.request.path == "/oauth2/token" and response.status_code == 200:
                answer = response.get_json()
                key = jwk.RSAKey.import_key(_storage().jwk.as_dict(is_private=True))
                answer["id_token"] = self.forged(answer["id_token"], key)
                response.set_data(json.dumps(answer))
            if flask.request.path == "/jwks" and self.kid:
                keys = response.get_json()
                keys["keys"][0]["kid"] = self.kid
                response.set_data(json.dumps(keys))
            return response

        def heard() -> Any:
            return flask.jsonify(self.heard)

        def set_forgery() -> tuple[str, int]:
            self.forgery = flask.request.get_json()
            return "", 204

        def rotate() -> tuple[str, int]:
            self.kid = flask.request.get_json()["kid"]
            _storage().jwk = type(_storage().jwk).generate_key(is_private=True)
            return "", 204

        def _storage() -> Any:
            return flask.g.oidc_provider_mock_storage

        app.before_request(listen)
        app.after_request(forge)
        app.get("/test/heard")(heard)
        app.post("/test/forge")(set_forgery)
        app.post("/test/rotate")(rotate)

    def forged(self, token: str, key: Any) -> str:
        from joserfc import jwk, jws

        if not self.forgery and not self.kid:
            return token
        signed = jws.extract_compact(token.encode())
        claims = json.loads(signed.payload) | self.forgery.get("claims", {})
        for name in self.forgery.get("drop", []):
            claims.pop(name, None)
        sign = self.forgery.get("sign", "RS256")
        header = {"alg": "RS256" if sign == "other" else sign} | self.forgery.get("header", {})
        if self.kid:
            header.setdefault("kid", self.kid)
        payload = json.dumps(claims).encode()
        signed_part = f"{_base64(json.dumps(header).encode())}.{_base64(payload)}"
        if sign == "none":
            return f"{signed_part}."
        if sign == "HS256":
            # The confusion of old libraries: the public key taken for a shared secret.
            mac = hmac.new(key.as_pem(private=False), signed_part.encode(), "sha256")
            return f"{signed_part}.{_base64(mac.digest())}"
        if sign == "other":
            key = jwk.RSAKey.generate_key(2048)
        return jws.serialize_compact(header, payload, key, algorithms=[header["alg"]])


def _base64(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _serve(certificate: str, key: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from werkzeug.serving import make_server

        app = importlib.import_module("oidc_provider_mock").app()
        _Front().install(app)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=context)
        print(server.server_port, flush=True)  # noqa: T201
        server.serve_forever()


if __name__ == "__main__":
    _serve(sys.argv[1], sys.argv[2])
