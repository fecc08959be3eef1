#!/usr/bin/env -S python3 -B
"""A PostgreSQL server for tests: on a free loopback port, with data of its own in a temporary folder, removed in the end.

As a program: prints a line of JSON with its url, then obeys a command a line (kill, stop, start, pause, resume), each answered
by a line. It ends when its input does. With arguments behind `--` it runs that command with SEAMLINE_TEST_POSTGRES set to the url
and ends with its code; `--set name=value` sets the server's settings."""
import argparse
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

START_TIMEOUT_S = 60
USER = "shop"


def newest_programs():
    """The folder of the newest server that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise RuntimeError("there is no PostgreSQL server: install postgresql")
    return found[-1].parent


class PostgresServer:
    def __init__(self, **settings):
        self.programs = newest_programs()
        # Not TMPDIR, which another account may not reach: the server refuses to run as root.
        self.folder = Path(tempfile.mkdtemp(prefix="seamline-postgres-", dir="/var/tmp"))
        self.account = "postgres" if os.geteuid() == 0 else None
        if self.account:
            entry = pwd.getpwnam(self.account)
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        # Shared memory in files of the folder: a server that is killed leaves none in the system.
        self.settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder, "shared_buffers": "64MB",
                         "dynamic_shared_memory_type": "mmap", "max_connections": "200", "max_wal_size": "128MB", **settings}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = None
        self._run("initdb", "-D", self.folder / "data", "-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "-N")

    @property
    def url(self):
        return f"postgres://{USER}@127.0.0.1:{self.port}/postgres"

    def _run(self, program, *arguments):
        subprocess.run([self.programs / program, *arguments], check=True, user=self.account, cwd=self.folder,
                       stdout=subprocess.DEVNULL)

    def start(self):
        command = [self.programs / "postgres", "-D", self.folder / "data", "-p", str(self.port)]
        for name, value in self.settings.items():
            command += ["-c", f"{name}={value}"]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(command, user=self.account, cwd=self.folder, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL)
        give_up = time.monotonic() + START_TIMEOUT_S
        while subprocess.run([self.programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError("PostgreSQL does not start:\n" + (self.folder / "log").read_text()[-2000:])
            time.sleep(0.05)
        return self

    def query(self, sql):
        """What psql prints for it, unaligned."""
        return subprocess.run([self.programs / "psql", "-XAt", "-d", self.url, "-c", sql], check=True, capture_output=True,
                              text=True).stdout.strip()

    def _signal_all(self, number):
        """The server and each of its backends, which are no threads but processes."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for pid in [self.process.pid, *map(int, children)]:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def kill(self):
        """SIGKILL, to every process of it."""
        self._signal_all(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """In order, ending the sessions that there are."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait()

    def pause(self):
        self._signal_all(signal.SIGSTOP)

    def resume(self):
        self._signal_all(signal.SIGCONT)

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


COMMANDS = ("kill", "stop", "start", "pause", "resume")


def obey(server):
    for line in sys.stdin:
        if line.strip() not in COMMANDS:
            raise RuntimeError(f"no command: {line}")
        getattr(server, line.strip())()
        print("{}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("command", nargs="*")
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(1))
    server = PostgresServer(**dict(setting.split("=", 1) for setting in options.set))
    try:
        server.start()
        if options.command:
            return subprocess.run(options.command, env={**os.environ, "SEAMLINE_TEST_POSTGRES": server.url}).returncode
        print(json.dumps({"url": server.url}), flush=True)
        obey(server)
        return 0
    finally:
        server.close()


if __name__ == "__main__":
    sys.exit(main())
