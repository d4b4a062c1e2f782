"""Repositories as a Hub keeps them, in memory: files by their content, commits, branches and tags."""

import hashlib
from dataclasses import dataclass, field

LARGE = (".bin", ".parquet", ".png", ".pt", ".pth", ".safetensors", ".whl")
"""What the Hub keeps as LFS, by its `.gitattributes`."""


class Missing(Exception):
    """What was asked for is not there; `code` is what the Hub says in X-Error-Code."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Blob:
    """A file's content, and whether it is kept as LFS."""

    content: bytes
    is_large: bool = False

    @property
    def sha256(self):
        return hashlib.sha256(self.content).hexdigest()

    @property
    def git_oid(self):
        return hashlib.sha1(b"blob %d\0" % len(self.content) + self.content).hexdigest()

    @property
    def etag(self):
        return self.sha256 if self.is_large else self.git_oid

    def described(self, path):
        """As `tree` and `paths-info` tell of it."""
        lfs = {"oid": self.sha256, "size": len(self.content), "pointerSize": 130}
        found = {"type": "file", "path": path, "size": len(self.content), "oid": self.git_oid}
        return found | ({"lfs": lfs} if self.is_large else {})


@dataclass(frozen=True)
class Commit:
    """What was sent at once, and all files as they are after it."""

    oid: str
    message: str
    parent: str | None
    files: dict[str, Blob]


@dataclass
class Repository:
    """One repository: `kind` is model, dataset or space."""

    kind: str
    name: str
    is_private: bool = False
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        self.add(
            "main",
            "initial commit",
            {".gitattributes": Blob(b"".join(b"*%s filter=lfs\n" % s.encode() for s in LARGE))},
        )

    def add(self, branch, message, files):
        parent = self.branches.get(branch)
        state = repr((self.kind, self.name, parent, message, sorted((path, blob.etag) for path, blob in files.items())))
        oid = hashlib.sha1(state.encode()).hexdigest()
        self.commits[oid] = Commit(oid, message, parent, files)
        self.branches[branch] = oid
        return self.commits[oid]

    def at(self, revision="main"):
        """The commit of a branch, a tag or its own name."""
        revision = revision.removeprefix("refs/heads/")
        oid = self.branches.get(revision) or self.tags.get(revision) or revision
        if oid not in self.commits:
            raise Missing("RevisionNotFound")
        return self.commits[oid]

    def history(self, branch="main"):
        """The commits of a branch, the oldest first."""
        found, oid = [], self.branches[branch]
        while oid is not None:
            found.insert(0, self.commits[oid])
            oid = self.commits[oid].parent
        return found

    def tree(self, revision, below="", *, recursive=False):
        """Files and folders of a folder, as the Hub lists them."""
        prefix = f"{below}/" if below else ""
        found = {}
        for path, blob in sorted(self.at(revision).files.items()):
            if path.startswith(prefix):
                parts = path.removeprefix(prefix).split("/")
                for depth in range(1, len(parts) if recursive else min(len(parts), 2)):
                    folder = prefix + "/".join(parts[:depth])
                    found.setdefault(folder, {"type": "directory", "path": folder, "size": 0, "oid": "0" * 40})
                if recursive or len(parts) == 1:
                    found[path] = blob.described(path)
        if below and not found:
            raise Missing("EntryNotFound")
        return list(found.values())

    def described(self, revision="main"):
        """As `/api/models/…` and its likes tell of it."""
        commit = self.at(revision)
        siblings = [
            {"rfilename": path, "size": len(blob.content), "blobId": blob.git_oid}
            for path, blob in commit.files.items()
        ]
        made = {
            "id": self.name,
            "modelId": self.name,
            "private": self.is_private,
            "tags": [],
            "downloads": 0,
            "likes": 0,
        }
        return made | {"sha": commit.oid, "siblings": siblings, "gated": False, "disabled": False}
