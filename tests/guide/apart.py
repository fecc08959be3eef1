"""A network of its own for a test whose addresses are not ours to choose: the guide's ports and host names as they stand."""
import fcntl
import os
import socket
import struct
import subprocess
import sys
import tempfile

# Each host has a loopback address of its own, so that all of them may have the same port.
HOSTS = {"localhost": "127.0.0.1", "user-service": "127.0.0.2", "failing-service": "127.0.0.3"}
INSIDE = "GUIDE_RUNS_APART"
# Linux: ioctl numbers and flags of <linux/sockios.h> and <net/if.h>.
SIOCSIFFLAGS, IFF_UP = 0x8914, 0x1


def enter(prepare=lambda: None):
    """Goes on in network and mount namespaces of its own (unshare(1)), where every port is free, HOSTS are known, and nothing else is
    reachable. The calling script is run again there; `prepare()` is called before, while there still is a network. Needs no privilege,
    as long as the system lets its users have user namespaces."""
    if os.environ.get(INSIDE):
        _set_up()
        return
    prepare()
    command = ["unshare", "--map-root-user", "--net", "--mount"]
    if os.geteuid() == 0 and subprocess.run([*command, "true"], capture_output=True, check=False).returncode != 0:
        command.remove("--map-root-user")  # root can do without a user namespace, where those are forbidden
    os.environ[INSIDE] = "1"
    os.execvp("unshare", [*command, sys.executable, "-B", *sys.argv])


def _set_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP))
    with tempfile.NamedTemporaryFile("w", suffix="-hosts") as hosts:
        # Programs look for this machine's own name, too.
        hosts.writelines(f"{address} {name}\n" for name, address in {socket.gethostname(): "127.0.0.1", **HOSTS}.items())
        hosts.flush()
        os.chmod(hosts.name, 0o644)
        subprocess.run(["mount", "--bind", hosts.name, "/etc/hosts"], check=True)
