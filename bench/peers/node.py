"""Where npm packages are kept for a run: a folder of their own, never the repository's."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from bench.peers import HERE, Missing

FOLDER = Path(tempfile.gettempdir()) / "ticker-bench-node"
PACKAGES = ("ws@8", "socket.io@4", "bufferutil@4", "socket.io-client@4.8", "centrifuge@5.8")


def install() -> str:
    """Install the packages the first time, and return the path of Node."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise Missing("Node and npm are not installed")
    if not all((FOLDER / "node_modules" / package.partition("@")[0]).exists() for package in PACKAGES):
        FOLDER.mkdir(exist_ok=True)
        install = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(FOLDER), *PACKAGES]
        if subprocess.run(install, capture_output=True, timeout=300, check=False).returncode:
            raise Missing(f"npm could not install {', '.join(PACKAGES)}")
    return node


def command(script: str, port: int) -> list[str]:
    """Return the command line of a Node server."""
    node = install()
    shutil.copy(HERE / script, FOLDER / script)
    return [node, str(FOLDER / script), str(port)]


def packaged(package: str, file: str) -> Path:
    """Return where a file of a package is."""
    install()
    return FOLDER / "node_modules" / package / file


def version(package: str) -> str:
    """Return the version that is installed."""
    path = FOLDER / "node_modules" / package / "package.json"
    return str(json.loads(path.read_text())["version"]) if path.exists() else ""
