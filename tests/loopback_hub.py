"""A Hub of this machine: it serves the files of a folder, and keeps what the unmodified client sends to it."""

import base64
import functools
import json
import threading
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer


class Handler(SimpleHTTPRequestHandler):
    """What `evaluate` and `transformers` need of the Hub; every request that brings something is kept whole."""

    def log_message(self, *args):
        """Nothing: a test prints what matters."""

    def _body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, values, status=200):
        content = json.dumps(values).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_PUT(self):
        self.server.sent.append((self.path, self._body()))
        self._answer({})

    def do_POST(self):
        body, path = self._body(), self.path.partition("?")[0]
        self.server.sent.append((path, body))
        address = f"http://localhost:{self.server.server_port}"
        if path == "/api/repos/create":
            made = json.loads(body)
            return self._answer({"url": f"{address}/{made['organization']}/{made['name']}"})
        if path == "/api/validate-yaml":
            return self._answer({"errors": [], "warnings": []})
        if "/preupload/" in path:
            modes = [_mode(file["path"]) for file in json.loads(body)["files"]]
            return self._answer({"files": modes})
        if path.endswith("/info/lfs/objects/batch"):
            objects = [
                {**one, "actions": {"upload": {"href": f"{address}/lfs/{one['oid']}"}}}
                for one in json.loads(body)["objects"]
            ]
            return self._answer({"transfer": "basic", "objects": objects})
        if "/commit/" in path:
            name = "/".join(path.split("/")[3:5])
            return self._answer({"commitUrl": f"{address}/{name}/commit/{'0' * 40}", "commitOid": "0" * 40})
        return self._answer({"error": "no such thing"}, 404)


def _mode(path):
    large = path.endswith((".safetensors", ".parquet", ".bin", ".pt", ".pth"))
    return {"path": path, "uploadMode": "lfs" if large else "regular", "shouldIgnore": False}


@contextmanager
def loopback_hub(folder):
    """(the address for HF_ENDPOINT, list of (path, body) of all that is sent) while the block runs."""
    handler = functools.partial(Handler, directory=str(folder))
    with ThreadingHTTPServer(("localhost", 0), handler) as server:
        server.sent = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}", server.sent
        server.shutdown()


def commits(sent, repository):
    """Of each commit to a repository, in order: its message, and path -> content; of a large file its SHA-256."""
    found = []
    for path, body in sent:
        if path == f"/api/models/{repository}/commit/main":
            lines = [json.loads(line) for line in body.splitlines()]
            files = {}
            for line in lines:
                value = line["value"]
                if line["key"] == "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                elif line["key"] == "lfsFile":
                    files[value["path"]] = value["oid"]
            found.append((lines[0]["value"]["summary"], files))
    return found


def decoded(sent):
    """Every body that was sent, and what is in Base64 in it."""
    for path, body in sent:
        yield body
        if "/preupload/" in path:
            yield from (base64.b64decode(file["sample"]) for file in json.loads(body)["files"])
        if "/commit/" in path:
            lines = [json.loads(line)["value"] for line in body.splitlines()]
            yield from (base64.b64decode(line["content"]) for line in lines if "content" in line)
