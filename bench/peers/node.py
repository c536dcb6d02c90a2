"""Where Node's packages are kept for a run: a folder of their own, never the repository's."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from bench.peers import HERE, Missing

FOLDER = Path(tempfile.gettempdir()) / "ticker-bench-node"
PACKAGES = ("ws@8", "socket.io@4", "bufferutil@4")


def command(script: str, port: int) -> list[str]:
    """Return the command line of a Node server; its packages are installed the first time."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise Missing("Node and npm are not installed")
    if not (FOLDER / "node_modules/socket.io").exists():
        FOLDER.mkdir(exist_ok=True)
        install = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(FOLDER), *PACKAGES]
        if subprocess.run(install, capture_output=True, timeout=300, check=False).returncode:
            raise Missing("npm could not install ws and socket.io")
    shutil.copy(HERE / script, FOLDER / script)
    return [node, str(FOLDER / script), str(port)]


def version(package: str) -> str:
    """Return the version that is installed."""
    path = FOLDER / "node_modules" / package / "package.json"
    return str(json.loads(path.read_text())["version"]) if path.exists() else ""
