"""Ports that a test can give away and come back to."""
import random
import socket

# Below the ports that systems give out for outgoing connections (from 32768 on Linux): while a service is dead, a connection
# that happens to start at its port would keep it from coming back, or even be connected to itself.
PORTS = range(10_000, 32_768)


def reserve(port):
    """Keeps a port from all other tests on this machine while the returned socket is open. Raises OSError where it is taken."""
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f"\0seamline-test-port-{port}")  # an abstract name: it ends with the process (unix(7))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
    except OSError:
        name.close()
        raise
    return name


RESERVED = []


def free_ports(count):
    """Ports that nobody listens on, that no outgoing connection is given, and that no other test takes while this process lives:
    whoever has one may leave and come back."""
    ports = []
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        try:
            RESERVED.append(reserve(port))
        except OSError:
            continue
        ports.append(port)
        if len(ports) == count:
            return ports
    raise RuntimeError("no free ports")
