"""A Hub of this machine for the unmodified client: repositories that are filled and read, and what was sent to it.

It can be told to fail in the middle of an upload. Where no repository has a name, the files of a folder are served as
they lie there.

With ABSTAIN_TEST_HUB (an address) and ABSTAIN_TEST_HUB_TOKEN (one that may write) in the environment, the tests of
`abstain publish` run against that Hub, whose user's repositories `resnet20_cifar10_ls`, `resnet20_cifar10_ce`,
`by-itself`, `logits-of-a-test` and `selective_risk` they fill.
"""

import base64
import functools
import json
import os
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from urllib.request import Request, urlopen

from loopback_routes import USER, Handler, Hub


@contextmanager
def running_hub(folder=os.devnull):
    """A `Hub` that listens while the block runs, with the files of a folder beside its repositories."""
    handler = functools.partial(Handler, directory=str(folder))
    with ThreadingHTTPServer(("localhost", 0), handler) as server:
        server.hub = Hub()
        server.hub.address = f"http://localhost:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.hub
        server.shutdown()


@contextmanager
def loopback_hub(folder):
    """(the address for HF_ENDPOINT, list of (path, body) of all that is sent) while the block runs."""
    with running_hub(folder) as hub:
        yield hub.address, hub.sent


@dataclass(frozen=True)
class Endpoint:
    """A Hub to test against: its address, a token that may write, and the user of it; `hub` is None of a real one."""

    address: str
    token: str
    user: str
    hub: Hub | None = None

    def environment(self, home):
        """The variables of a process that uses it, with its caches below `home`."""
        here = {"HF_ENDPOINT": self.address, "HF_TOKEN": self.token, "HF_HOME": str(home)}
        return {
            **os.environ,
            **here,
            "HF_HUB_OFFLINE": "0",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        }


@contextmanager
def end_to_end_hub(token="hf_" + "NeverToBeSeen" * 3):
    """The Hub that the environment names, or else one of this machine."""
    address = os.environ.get("ABSTAIN_TEST_HUB")
    if address is None:
        with running_hub() as hub:
            yield Endpoint(hub.address, token, USER, hub)
        return
    token = os.environ["ABSTAIN_TEST_HUB_TOKEN"]
    asked = Request(f"{address}/api/whoami-v2", headers={"Authorization": f"Bearer {token}"})
    with urlopen(asked) as answer:  # the client of this process is offline
        yield Endpoint(address, token, json.load(answer)["name"])


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
