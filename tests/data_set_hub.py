"""A Hub of this machine that holds data sets: as much of one as `datasets` and `huggingface_hub` need to read."""

import functools
import hashlib
import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_INFO = re.compile(r"/api/datasets/([^/]+/[^/]+)(?:/(revision|tree|paths-info)/([^/]+)(/.*)?)?")
_FILE = re.compile(r"/datasets/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")


def commit_of(revision):
    """What a branch or tag is called by its commit; a commit is called as it is."""
    return revision if re.fullmatch("[0-9a-f]{40}", revision) else hashlib.sha1(revision.encode()).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Serves `folder/owner/name/revision/…` as the files of the data set `owner/name` at that revision."""

    def __init__(self, *arguments, folder):
        self.folder = folder
        super().__init__(*arguments)

    def log_message(self, *args):
        """Nothing: a test prints what matters."""

    def _answer(self, content, status=200, **headers):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _at(self, name, revision):
        """The folder of a revision; None once it is answered that there is none."""
        revisions = {commit_of(path.name): path for path in (self.folder / name).glob("*")}
        found = revisions.get(commit_of(revision))
        if found is None:
            self._answer({}, 404, X_Error_Code="RevisionNotFound" if revisions else "RepoNotFound")
        return found

    def do_GET(self):
        path = self.path.partition("?")[0]
        if asked := _INFO.fullmatch(path):
            what, revision = asked[2] or "revision", asked[3] or "main"
            if found := self._at(asked[1], revision):
                self._answer(self._info(asked[1], commit_of(revision), found, what))
        elif asked := _FILE.fullmatch(path):
            if found := self._at(asked[1], asked[2]):
                self._send(found / asked[3], commit_of(asked[2]))
        else:
            self._answer({}, 404, X_Error_Code="RepoNotFound")

    do_HEAD = do_GET

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def _info(self, name, commit, found, what):
        files = [one for one in found.rglob("*") if one.is_file()]
        if what == "revision":
            siblings = [{"rfilename": str(one.relative_to(found))} for one in files]
            return {"id": name, "sha": commit, "siblings": siblings, "tags": [], "private": False, "downloads": 0}
        entries = [(one.relative_to(found), "file") for one in files]
        entries += [(parent, "directory") for parent in {path.parent for path, _ in entries} if parent.name]
        return [{"type": kind, "path": str(path), "size": 0, "oid": commit} for path, kind in entries]

    def _send(self, path, commit):
        if not path.is_file():
            return self._answer(b"", 404, X_Error_Code="EntryNotFound", X_Repo_Commit=commit)
        content = path.read_bytes()
        tag = f'"{hashlib.sha1(content).hexdigest()}"'
        return self._answer(content, ETag=tag, X_Repo_Commit=commit)


@contextmanager
def data_set_hub(folder):
    """The address for HF_ENDPOINT while the block runs."""
    with ThreadingHTTPServer(("localhost", 0), functools.partial(Handler, folder=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
