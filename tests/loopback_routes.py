"""The routes of a Hub that the unmodified `huggingface_hub` 2.4 takes without Xet, and what the Hub keeps."""

import base64
import json
import os
import re
from http.server import SimpleHTTPRequestHandler
from urllib.parse import parse_qs, unquote, urlsplit

from loopback_repositories import LARGE, Blob, Missing, Repository

USER = "someone"
REPOSITORY = r"(?P<kind>models|datasets|spaces)/(?P<name>[^/]+/[^/]+)"
API = {
    ("GET", rf"/api/{REPOSITORY}(/revision/(?P<revision>[^/]+))?"): "described",
    ("GET", rf"/api/{REPOSITORY}/tree/(?P<revision>[^/]+)(/(?P<path>.*))?"): "tree",
    ("GET", rf"/api/{REPOSITORY}/refs"): "refs",
    ("POST", rf"/api/{REPOSITORY}/paths-info/(?P<revision>[^/]+)"): "paths_info",
    ("POST", rf"/api/{REPOSITORY}/preupload/(?P<revision>[^/]+)"): "preupload",
    ("POST", rf"/api/{REPOSITORY}/commit/(?P<revision>[^/]+)"): "commit",
    ("POST", rf"/api/{REPOSITORY}/(?P<what>tag|branch)/(?P<revision>[^/]+)"): "name",
    ("DELETE", rf"/api/{REPOSITORY}/tag/(?P<revision>[^/]+)"): "unname",
}
RESOLVE = re.compile(r"/((?P<kind>datasets|spaces)/)?(?P<name>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)")


class Hub:
    """What a Hub keeps.

    Attributes:
        sent: (path, body) of each request that brought something, in order.
        fails_at: `lfs` refuses the content of large files, `commit` the commit; at `race` somebody else's commit to a
            model comes before it; None refuses nothing.
    """

    def __init__(self):
        self.repositories, self.objects, self.sent = {}, {}, []
        self.fails_at = None
        self.address = ""

    def repository(self, name, kind="model"):
        if (kind, name) not in self.repositories:
            raise Missing("RepoNotFound")
        return self.repositories[kind, name]

    def files(self, name, kind="model", revision="main"):
        """Path -> content of all files of a revision, but for `.gitattributes`."""
        found = self.repository(name, kind).at(revision).files
        return {path: blob.content for path, blob in found.items() if path != ".gitattributes"}

    def create(self, told):
        name, kind = f"{told.get('organization') or USER}/{told['name']}", told.get("type", "model")
        prefix = "" if kind == "model" else f"{kind}s/"
        answer = {"url": f"{self.address}/{prefix}{name}", "name": name}
        if (kind, name) in self.repositories:
            return answer, 409
        self.repositories[kind, name] = Repository(kind, name, is_private=told.get("visibility") == "private")
        return answer, 200

    def offer(self, objects):
        """Where the content of large files goes; nowhere where it is there already, as after an upload that failed."""
        for one in objects:
            href = f"{self.address}/lfs/{one['oid']}"
            there = one["oid"] in self.objects
            yield one if there else {**one, "actions": {"upload": {"href": href}, "verify": {"href": f"{href}/verify"}}}

    def commit(self, repository, branch, lines):
        header, files = lines[0]["value"], dict(repository.at(branch).files)
        if header.get("parentCommit") not in (None, repository.branches[branch]):
            return {"error": "the parent is another one"}, 412
        for key, value in ((line["key"], line["value"]) for line in lines[1:]):
            if key == "file":
                files[value["path"]] = Blob(base64.b64decode(value["content"]))
            elif key == "lfsFile":
                files[value["path"]] = Blob(self.objects[value["oid"]], is_large=True)
            else:
                gone = value["path"].rstrip("/")
                files = {path: blob for path, blob in files.items() if path != gone and not path.startswith(f"{gone}/")}
        made = repository.add(branch, header["summary"], files)
        return {"commitUrl": f"{self.address}/{repository.name}/commit/{made.oid}", "commitOid": made.oid}, 200


class Handler(SimpleHTTPRequestHandler):
    """The routes; every request that brings something is kept whole."""

    @property
    def hub(self):
        return self.server.hub

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

    def _answer(self, values, status=200, **headers):
        content = b"" if status == 204 else json.dumps(values).encode()
        self._send(content, status, {"Content-Type": "application/json", **headers})

    def _send(self, content, status, headers):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": len(content)}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _routed(self, body=b""):
        """Whether the request was one of a repository, and is answered."""
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        for (method, pattern), does in API.items():
            if self.command == method and (found := re.fullmatch(pattern, path)):
                told = {key: unquote(value or "") for key, value in found.groupdict().items()}
                try:
                    repository = self.hub.repository(told["name"], told["kind"].removesuffix("s"))
                    getattr(self, f"_{does}")(repository, told, query, body)
                except Missing as missing:
                    self._answer({"error": missing.code}, 404, X_Error_Code=missing.code)
                return True
        return False

    def do_GET(self):
        path = urlsplit(self.path).path
        if path == "/api/whoami-v2":
            known = "Authorization" in self.headers
            return self._answer({"name": USER, "type": "user", "orgs": []} if known else {}, 200 if known else 401)
        if self._routed() or self._resolved(path):
            return None
        found = os.path.isfile(self.translate_path(self.path))  # or a folder would be listed
        return super().do_GET() if found else self._answer({"error": "no such thing"}, 404, X_Error_Code="RepoNotFound")

    def do_HEAD(self):
        if not self._resolved(urlsplit(self.path).path):
            super().do_HEAD()

    def do_PUT(self):
        body = self._body()
        self.hub.sent.append((self.path, body))
        if self.hub.fails_at == "lfs":
            return self._answer({"error": "no more room"}, 400)
        blob = Blob(body)
        if self.path == f"/lfs/{blob.sha256}":
            self.hub.objects[blob.sha256] = body
        return self._answer({})

    def do_DELETE(self):
        if not self._routed():
            self._answer({"error": "no such thing"}, 404)

    def do_POST(self):
        body, path = self._body(), self.path.partition("?")[0]
        self.hub.sent.append((path, body))
        if "Authorization" not in self.headers and not path.endswith("/verify"):
            return self._answer({"error": "Invalid username or password."}, 401)
        if path == "/api/repos/create":
            return self._answer(*self.hub.create(json.loads(body)))
        if path == "/api/validate-yaml":
            return self._answer({"errors": [], "warnings": []})
        if path.endswith("/info/lfs/objects/batch"):
            return self._answer({"transfer": "basic", "objects": list(self.hub.offer(json.loads(body)["objects"]))})
        if path.startswith("/lfs/"):
            is_there = json.loads(body)["oid"] in self.hub.objects
            return self._answer({}, 200 if is_there else 404)
        return self._routed(body) or self._answer({"error": "no such thing"}, 404)

    def _described(self, repository, told, query, body):
        self._answer(repository.described(told["revision"] or "main"))

    def _tree(self, repository, told, query, body):
        is_recursive = query.get("recursive", ["false"])[0].lower() in ("1", "true")
        self._answer(repository.tree(told["revision"], told["path"], recursive=is_recursive))

    def _refs(self, repository, told, query, body):
        kinds = {"branches": ("heads", repository.branches), "tags": ("tags", repository.tags)}
        refs = {
            what: [{"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": oid} for name, oid in found.items()]
            for what, (kind, found) in kinds.items()
        }
        self._answer(refs | {"converts": []})

    def _paths_info(self, repository, told, query, body):
        all_of = {one["path"]: one for one in repository.tree(told["revision"], recursive=True)}
        wanted = parse_qs(body.decode())["paths"]
        self._answer([all_of[path] for path in wanted if path in all_of])

    def _preupload(self, repository, told, query, body):
        files = repository.at(told["revision"]).files
        if self.hub.fails_at == "race" and told["kind"] == "models":
            repository.add(told["revision"], "by somebody else", {**files, "NOTES.md": Blob(b"Not ours.")})
        modes = [_mode(file["path"]) for file in json.loads(body)["files"]]
        self._answer({"files": modes})

    def _commit(self, repository, told, query, body):
        if self.hub.fails_at == "commit":
            return self._answer({"error": "try again"}, 400)
        lines = [json.loads(line) for line in body.splitlines()]
        return self._answer(*self.hub.commit(repository, told["revision"], lines))

    def _name(self, repository, told, query, body):
        values = json.loads(body or b"{}")
        if told["what"] == "branch":
            named, names, start = told["revision"], repository.branches, values.get("startingPoint", "main")
        else:
            named, names, start = values["tag"], repository.tags, told["revision"]
        is_taken = named in names
        names.setdefault(named, repository.at(start).oid)
        self._answer({}, 409 if is_taken else 200)

    def _unname(self, repository, told, query, body):
        if repository.tags.pop(told["revision"], None) is None:
            raise Missing("RevisionNotFound")
        self._answer({}, 200)

    def _resolved(self, path):
        """A file of a repository, or a part of it; of a name that no repository has, nothing."""
        found = RESOLVE.fullmatch(unquote(path))
        kind = found and (found["kind"] or "models").removesuffix("s")
        if not found or (kind, found["name"]) not in self.hub.repositories:
            return False
        try:
            commit = self.hub.repository(found["name"], kind).at(found["revision"])
            if found["path"] not in commit.files:
                raise Missing("EntryNotFound")
        except Missing as missing:
            self._answer({"error": missing.code}, 404, X_Error_Code=missing.code)
            return True
        blob = commit.files[found["path"]]
        headers = {"ETag": f'"{blob.etag}"', "X_Repo_Commit": commit.oid, "Accept_Ranges": "bytes"}
        part = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if part is None:
            self._send(blob.content, 200, headers)
            return True
        first, last = int(part[1]), min(int(part[2] or len(blob.content)), len(blob.content) - 1)
        headers["Content_Range"] = f"bytes {first}-{last}/{len(blob.content)}"
        self._send(blob.content[first : last + 1], 206, headers)
        return True


def _mode(path):
    return {"path": path, "uploadMode": "lfs" if path.endswith(LARGE) else "regular", "shouldIgnore": False}
