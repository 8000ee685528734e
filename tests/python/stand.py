"""Abide on two fake clouds, in a folder of its own: the built programs, started and stopped.

Knows how to run them and how to read what they leave behind; tests nothing itself. Standard library alone, so that
scripts outside the test suite can use it too.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]

READY_SECONDS_MAX = 30.0
STOP_SECONDS_MAX = 40.0
POLL_SECONDS = 0.002

REPO = Path(os.environ.get("ABIDE_REPO", Path(__file__).resolve().parents[2]))
BOOK = REPO / "examples" / "agreements" / "openai-clouds"

# The keys that the fake clouds take: they open nothing else.
CLOUDS = """
[cloud.azure]
dialect = "azure"
url = "{azure}"
key = "sim-azure-key"

[cloud.aws]
dialect = "bedrock"
url = "{aws}"
region = "us-east-1"
access_key_id = "AKIASIMSIMSIMSIMSIM0"
secret_access_key = "sim/secret+access+key/of+a+cloud+nobody+owns"
"""

MODELS = """
[model.demo]
product = "openai/api/responses"
targets = ["azure/gpt-demo", "aws/openai.gpt-demo-1:0"]

[model.chat]
product = "openai/api/chat"
targets = ["azure/gpt-demo", "aws/openai.gpt-demo-1:0"]

[model.bedrock]
product = "openai/api/responses"
targets = ["aws/openai.gpt-demo-1:0", "azure/gpt-demo"]

[model.lonely]
product = "openai/api/responses"
targets = ["azure/gpt-demo"]

[model.frontier]
product = "openai/frontier"
targets = ["aws/openai.frontier-1:0"]

[model.frontier-azure]
product = "openai/frontier"
targets = ["azure/frontier"]
"""


AGENT = """+++
model = "demo"
description = "Knows the way"
+++
The user's floor is the seventh.
"""


def program(name: str) -> Path:
    """The built program: beside `ABIDE_BIN`, else the newest in the target folder."""
    if given := os.environ.get("ABIDE_BIN"):
        found = [Path(given).with_name(name)]
    else:
        target = Path(os.environ.get("CARGO_TARGET_DIR", REPO / "target"))
        found = [target / profile / name for profile in ("debug", "release")]
    found = sorted((path for path in found if path.is_file()), key=lambda path: path.stat().st_mtime)
    if not found:
        raise SystemExit(
            f"`{name}` is not built: cargo build -p abide && cargo build -p abide-sim --bin fakeclouds"
        )
    return found[-1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Clouds:
    """The fake clouds, in a process that ends with this one."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.log_path = folder / "calls.jsonl"
        command = [str(program("fakeclouds")), "--azure", "0", "--aws", "0", "--log", str(self.log_path)]
        command += ["--keep-calls", "100000", "--until-stdin-closes", *options]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.urls: dict[str, str] = json.loads(self.process.stdout.readline())

    def close(self) -> None:
        self.process.communicate(timeout=STOP_SECONDS_MAX)

    def calls(self, cloud: str) -> list[Json]:
        """What the cloud saw since it was last told to forget, oldest first."""
        return self._ask(cloud, "GET", "calls")

    def forget(self) -> None:
        for cloud in self.urls:
            self._ask(cloud, "DELETE", "calls")
            self._ask(cloud, "DELETE", "faults")

    def fault(self, cloud: str, line: str) -> None:
        """Queues a fault for the next call that it fits."""
        self._ask(cloud, "POST", "faults", json.dumps(line))

    def log(self) -> list[Json]:
        """Every call of every cloud since the start."""
        if not self.log_path.exists():
            return []
        return [json.loads(line) for line in self.log_path.read_text().splitlines()]

    def _ask(self, cloud: str, method: str, what: str, body: str | None = None) -> Any:
        url = f"{self.urls[cloud]}/_sim/{what}"
        request = urllib.request.Request(url, method=method, data=body.encode() if body else None)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)


class Abide:
    """One configuration and its store; the server may be started, killed and started again."""

    def __init__(self, folder: Path, clouds: Clouds, *, models: str = MODELS, top: str = "") -> None:
        self.folder = folder
        self.port = free_port()
        self.config = folder / "abide.toml"
        self.log_path = folder / "abide.log"
        self.store = folder / "store"
        head = f'listen = "127.0.0.1:{self.port}"\nfolder = "{self.store}"\nagreements = "{BOOK}"\n{top}'
        self.text = head + CLOUDS.format(**clouds.urls) + models
        self.config.write_text(self.text)
        (folder / "agents").mkdir()
        (folder / "agents" / "porter.md").write_text(AGENT)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def run(self, *words: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs `abide WORDS` on this configuration to its end."""
        return self.command(*words, "--config", self.config, check=check)

    def command(self, *words: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs `abide WORDS` to its end."""
        command = [str(program("abide")), *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=self.folder)
        if check and done.returncode != 0:
            raise AssertionError(
                f"abide {words[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
            )
        return done

    def make_key(self, name: str = "suite", *options: str) -> str:
        """A new key: the last word that is printed."""
        return self.run("key", "create", name, *options).stdout.split()[-1]

    def start(self, before: Callable[[], None] | None = None, form: str = "text") -> float:
        """Starts the server and returns the seconds until it is ready. `before` runs in the child first."""
        began = self.spawn(before, form)
        self.wait_ready()
        return time.monotonic() - began

    def spawn(self, before: Callable[[], None] | None = None, form: str = "text") -> float:
        """Starts the server without waiting for it."""
        command = [str(program("abide")), "serve", "--config", str(self.config), "--log", form]
        with self.log_path.open("ab") as log:
            began = time.monotonic()
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self.folder, preexec_fn=before
            )
        return began

    def wait_ready(self) -> None:
        until = time.monotonic() + READY_SECONDS_MAX
        while self.status("/readyz") != 200:
            if self.process is None or self.process.poll() is not None:
                raise AssertionError(f"the server ended:\n{self.log_tail()}")
            if time.monotonic() > until:
                raise AssertionError(f"the server is not ready:\n{self.log_tail()}")
            time.sleep(POLL_SECONDS)

    def status(self, path: str) -> int | None:
        """The status of a plain GET; None when nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            try:
                connection.request("GET", path)
                return connection.getresponse().status
            except (OSError, http.client.HTTPException):
                return None

    def text_of(self, path: str) -> str:
        """The body of a plain GET."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return answer.read().decode()

    def ask(self, method: str, path: str, body: bytes | Json | None, key: str | None) -> tuple[int, Any]:
        """A request as bytes, for what no SDK would send: the status, and the body as JSON where it is."""
        headers = {"content-type": "application/json"}
        if key is not None:
            headers["authorization"] = f"Bearer {key}"
        payload = json.dumps(body).encode() if isinstance(body, dict) else body
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, body=payload, headers=headers)
            answer = connection.getresponse()
            text = answer.read()
        return answer.status, json.loads(text) if text else None

    def kill(self) -> None:
        """Ends the server as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ends the server as an operator would, and returns how it ended."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=STOP_SECONDS_MAX)

    def reload(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)

    def log_tail(self, lines: int = 40) -> str:
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def house(folder: Path, *options: str, models: str = MODELS, top: str = "") -> Iterator[tuple[Abide, Clouds]]:
    """Clouds and a server that is not started yet; both end with the block."""
    clouds = Clouds(folder, *options)
    abide = Abide(folder, clouds, models=models, top=top)
    try:
        yield abide, clouds
    finally:
        abide.close()
        clouds.close()
