"""Nchan: an nginx module in C, the fastest packaged peer we know."""

from __future__ import annotations

import http.client
import os
import shutil
import subprocess
from pathlib import Path

from bench import kernel
from bench.burst import send_burst
from bench.peers import HISTORY, SIZE, Missing, Peer, wait_for
from tests.nginx import command
from ticker.load.crowds import Crowds, Target, request

MODULES = Path("/usr/share/nginx/modules-available")
MAIN = """
include /usr/share/nginx/modules-available/mod-nchan.conf;
master_process on; worker_processes 1; worker_rlimit_nofile 20000; user root;
"""
SERVER = """
  nchan_shared_memory_size 512M;
  server {{
    listen 127.0.0.1:{port} backlog=4096; keepalive_timeout 3600s;
    location = /sub {{ nchan_subscriber websocket eventsource; nchan_channel_id a; nchan_websocket_ping_interval 0;
      nchan_subscriber_first_message oldest; }}
    location = /pub {{ nchan_publisher; nchan_channel_id a; nchan_message_buffer_length {history};
      nchan_message_timeout 10m; }}
  }}
"""

POST = "POST /pub HTTP/1.1\r\nHost: bench\r\nContent-Type: text/plain\r\nContent-Length: {size}\r\n\r\n{text}"


class Server(Peer):
    """See above."""

    title = "Nchan"
    about = "Debian's nginx and libnginx-mod-nchan, one worker, memory store, a buffer of 20 messages sent on joining"
    sse = True

    def command(self) -> list[str]:
        if not (MODULES / "mod-nchan.conf").exists():
            if os.getuid() or shutil.which("apt-get") is None:
                raise Missing("libnginx-mod-nchan is not installed, and only root can")
            install = ["apt-get", "install", "-y", "--no-install-recommends", "nginx-core", "libnginx-mod-nchan"]
            if subprocess.run(install, capture_output=True, timeout=300, check=False).returncode:
                raise Missing("apt-get could not install libnginx-mod-nchan")
        (self.folder / "modules").symlink_to(MODULES.parent / "modules")  # nginx looks for it in the folder it is given
        server = SERVER.format(port=self.port, history=HISTORY)
        return command(self.folder, server, main=MAIN, connections=19900)

    def start(self) -> None:
        with kernel.on(self.cores):
            self.process = subprocess.Popen(self.command(), stderr=subprocess.DEVNULL)
        wait_for(self.port, self.process)
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()  # nginx ends its workers itself
            self.process.wait()

    def target(self, *, sse: bool = False) -> Target:
        return Target("127.0.0.1", self.port, request("/sub", "bench", sse=sse), sse=sse, resume=False)

    def publish(self, text: str) -> None:
        self.connection.request("POST", "/pub", text, {"content-type": "text/plain"})
        self.connection.getresponse().read()

    def publish_burst(self, crowds: Crowds, dispatches: int, writers: int) -> list[float]:
        def request() -> bytes:
            text = crowds.next_text(SIZE - 8)
            return POST.format(size=len(text), text=text).encode()

        return send_burst(self.port, writers, dispatches, request)
