"""What a process depends on and cannot choose, in a test's hands: its disk, its clock, its limits."""
import ctypes
import os
import resource
import struct
import subprocess
import time


class Clock:
    """The calendar of one process, which may be wrong. Only the fault build looks at it (SEAMLINE_CLOCK_FILE)."""

    def __init__(self, path):
        self.path = path
        self.latest_ms = 0
        self._file = os.open(path, os.O_RDWR | os.O_CREAT)
        self.set(0)

    def set(self, wrong_by_ms):
        self.latest_ms = max(self.latest_ms, wrong_by_ms)
        os.pwrite(self._file, struct.pack("=q", wrong_by_ms), 0)

    def close(self):
        os.close(self._file)


def limit(pid, what, soft):
    """Sets the soft limit of a running process."""
    _, hard = resource.prlimit(pid, what)
    resource.prlimit(pid, what, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def unlimit(pid, what):
    _, hard = resource.prlimit(pid, what)
    resource.prlimit(pid, what, (hard, hard))


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def memory_kib(pid, name):
    """VmRSS, what a process has in memory now, or VmHWM, the most that it ever had (proc(5))."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(name + ":"))


class SmallDisk:
    """A folder with a file system of its own, of a few MiB in memory, which can be filled."""
    kind = "tmpfs"

    def __init__(self, folder, mib):
        folder.mkdir(parents=True, exist_ok=True)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=0700", "tmpfs", folder], capture_output=True, check=False)
        if mounted.returncode != 0:
            raise PermissionError(mounted.stderr.decode())
        self.folder = folder
        self._ballast = folder / "ballast"
        self.is_full = False

    def fill(self):
        """Leaves not a byte. Who writes meanwhile gets the last ones."""
        self.is_full = True
        with open(self._ballast, "wb") as ballast:
            for _ in range(100):
                space = os.statvfs(self.folder)
                if space.f_bavail == 0:
                    return
                try:
                    os.posix_fallocate(ballast.fileno(), ballast.seek(0, os.SEEK_END), space.f_bavail * space.f_frsize)
                except OSError:  # somebody was faster
                    time.sleep(0.001)
        raise AssertionError(f"{self.folder} cannot be filled")

    def free(self):
        self._ballast.unlink(missing_ok=True)
        self.is_full = False

    def close(self):
        # Detached at once: a process that is about to end may still have files there.
        libc = ctypes.CDLL(None, use_errno=True)
        libc.umount2(os.fsencode(self.folder), 2)  # MNT_DETACH


class LimitedFiles:
    """In place of a small disk where nothing may be mounted: no file of the process may grow (RLIMIT_FSIZE)."""
    kind = "RLIMIT_FSIZE"

    def __init__(self, folder, process):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._process = process
        self._limited = None
        self.is_full = False

    def fill(self):
        self.is_full = True
        self._limited = self._process.process
        if self._limited is not None:
            largest = max((path.stat().st_size for path in self.folder.rglob("0.db*")), default=0)
            limit(self._limited.pid, resource.RLIMIT_FSIZE, largest)

    def free(self):
        if self._limited is not None and self._limited.poll() is None:
            unlimit(self._limited.pid, resource.RLIMIT_FSIZE)
        self.is_full = False

    def close(self):
        pass


def small_disk(folder, mib, process):
    """A folder that can be full, the best way that this machine allows. `process` writes there."""
    try:
        return SmallDisk(folder, mib)
    except (PermissionError, FileNotFoundError):
        return limited_files(folder, mib, process)


def limited_files(folder, _mib, process):
    return LimitedFiles(folder, process)
