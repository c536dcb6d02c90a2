"""The floor: what the kernel alone asks, from floor.c, compiled on the spot."""

from __future__ import annotations

import shutil
import subprocess

from bench.peers import HERE, HISTORY, SIZE, Missing, Piped


class Server(Piped):
    """See above."""

    title = "C floor"
    about = "floor.c, cc -O2: epoll, one send() a reader; parses and buffers nothing, sends every request the same head"

    def command(self) -> list[str]:
        compiler = shutil.which("cc")
        if compiler is None:
            raise Missing("no C compiler")
        program = self.folder / "floor"
        subprocess.run([compiler, "-O2", "-o", program, HERE / "floor.c"], check=True)
        return [str(program), str(HISTORY * SIZE), str(self.port)]

    def publish(self, text: str) -> None:
        frame = b"\x81\x7e" + len(text).to_bytes(2) + text.encode()
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(len(frame).to_bytes(4) + frame)
        self.process.stdin.flush()
