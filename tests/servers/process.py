"""A server as a child process that outlives nobody: it dies with this process, and so does whatever it starts itself."""
import ctypes
import os
import select
import signal
import subprocess
import sys
import time

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
# A busy machine takes its time, and so does a server that recovers.
READY_TIMEOUT_S = 180
STOP_TIMEOUT_S = 60


class Problem(Exception):
    """What cannot be done, and why."""


def adopt_orphans():
    """Makes this process the parent of whatever its children leave behind, so that it can end that too (prctl(2))."""
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children(pid):
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as stat:
                    parent = int(stat.read().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if parent == pid:
                found.append(int(entry))
    return found


def descendants(pid):
    """Its children, theirs, and so on."""
    found = children(pid)
    for child in found:
        found += children(child)
    return found


def nobody_listens():
    """Whether whoever gives the commands has gone."""
    poll = select.poll()
    poll.register(sys.stdin, 0)
    return any(event & select.POLLHUP for _, event in poll.poll(0))


def wait_until(condition, timeout_s, problem):
    """Returns what condition() returned once it is true; raises Problem(problem()) after `timeout_s`."""
    give_up = time.monotonic() + timeout_s
    while not (result := condition()):
        if time.monotonic() > give_up:
            raise Problem(problem())
        time.sleep(0.02)
    return result


class Process:
    """At most one run of a program at a time. Not thread-safe: a child that dies with its parent dies with the parent's thread."""

    def __init__(self, log):
        self.log = log
        self._process = None

    @property
    def runs(self):
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self):
        return self._process.pid

    def launch(self, command, user=None, folder=None):
        """Starts it, as the account `user` where one is named, with its output behind the log."""
        parent = os.getpid()

        def die_with_parent():
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:
                os.kill(os.getpid(), signal.SIGKILL)

        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder,
                                             start_new_session=True, preexec_fn=die_with_parent, user=user, group=user,
                                             extra_groups=[] if user else None)

    def run(self, command, user=None, folder=None):
        """Runs a command to its end, as launch() does."""
        self.launch(command, user, folder)
        code = self._process.wait(READY_TIMEOUT_S)
        self.bury()
        if code != 0:
            raise Problem(f"{command[0]} ended with {code}: {self.last_words()}")

    def wait_ready(self, is_ready):
        def ready():
            if nobody_listens():
                raise EOFError
            if not self.runs:
                raise Problem(f"it ended with {self._process.returncode}: {self.last_words()}")
            return is_ready()
        wait_until(ready, READY_TIMEOUT_S, lambda: f"it is not ready within {READY_TIMEOUT_S} s: {self.last_words()}")

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self.bury()

    def stop(self, how=signal.SIGTERM):
        self.resume()
        self._process.send_signal(how)
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired as late:
            raise Problem(f"it does not stop within {STOP_TIMEOUT_S} s: {self.last_words()}") from late
        self.bury()

    def pause(self):
        """Returns when none of its threads runs any more."""
        self._process.send_signal(signal.SIGSTOP)  # the parent first: it could start another child
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        self._signal_descendants(signal.SIGSTOP)

    def resume(self):
        self._signal_descendants(signal.SIGCONT)
        self._process.send_signal(signal.SIGCONT)

    def _signal_descendants(self, number):
        for pid in descendants(self._process.pid):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def bury(self):
        """Ends what the process has left behind, which is ours now."""
        while orphans := children(os.getpid()):
            for pid in orphans:
                try:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
                except (ProcessLookupError, ChildProcessError):
                    pass

    def last_words(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()[-3000:].strip()
