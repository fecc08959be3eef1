"""Just enough of MongoDB's wire to read a collection, and to damage one: OP_MSG, and BSON 1.1. One server, without authentication: what
the tests have."""
import itertools
import socket
import struct
from urllib.parse import urlsplit

from places import CannotRead

OP_MSG = 2013
TIMEOUT_S = 30
DOUBLE, TEXT, DOCUMENT, LIST, BINARY, OBJECT_ID, BOOL, DATE, NULL, INT32, TIMESTAMP, INT64 = 1, 2, 3, 4, 5, 7, 8, 9, 10, 16, 17, 18
FIXED = {DOUBLE: "<d", INT32: "<i", INT64: "<q", DATE: "<q", TIMESTAMP: "<q", BOOL: "<?"}


def encode_value(value):
    """The number of its type, and its bytes."""
    match value:
        case bool():
            return BOOL, struct.pack("<?", value)
        case int():
            return INT64, struct.pack("<q", value)
        case float():
            return DOUBLE, struct.pack("<d", value)
        case str():
            data = value.encode()
            return TEXT, struct.pack("<i", len(data) + 1) + data + b"\0"
        case bytes():
            return BINARY, struct.pack("<iB", len(value), 0) + value
        case dict():
            return DOCUMENT, encode(value)
        case list():
            return LIST, encode({str(place): element for place, element in enumerate(value)})
        case None:
            return NULL, b""
    raise TypeError(f"BSON has no {value!r}")


def encode(document):
    body = b""
    for name, value in document.items():
        kind, data = encode_value(value)
        body += bytes([kind]) + name.encode() + b"\0" + data
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def decode_value(kind, data, at):
    """A value, and where the next one begins."""
    if kind in FIXED:
        return struct.unpack_from(FIXED[kind], data, at)[0], at + struct.calcsize(FIXED[kind])
    if kind == NULL:
        return None, at
    if kind == OBJECT_ID:
        return data[at:at + 12], at + 12
    size = struct.unpack_from("<i", data, at)[0]
    if kind == TEXT:
        return data[at + 4:at + 3 + size].decode(), at + 4 + size
    if kind == BINARY:
        return data[at + 5:at + 5 + size], at + 5 + size
    if kind in (DOCUMENT, LIST):
        members = decode(data[at:at + size])
        return members if kind == DOCUMENT else list(members.values()), at + size
    raise CannotRead(f"a document has a value of type {kind}, which none of ours has")


def decode(data):
    document, at = {}, 4
    while data[at]:
        end = data.index(b"\0", at)
        document[data[at + 1:end].decode()], at = decode_value(data[at], data, end + 1)
    return document


class Collection:
    """One collection, over a connection of its own. Raises CannotRead. To be closed."""

    def __init__(self, url, name):
        parts = urlsplit(url)
        self._database = parts.path.strip("/") or "seamline"
        self._name = name
        self._numbers = itertools.count(1)
        try:
            self._socket = socket.create_connection((parts.hostname, parts.port or 27017), TIMEOUT_S)
        except OSError as problem:
            raise CannotRead(f"the server of {name} cannot be reached: {problem}") from problem

    def command(self, **members):
        message = struct.pack("<IB", 0, 0) + encode({**members, "$db": self._database})
        try:
            self._socket.sendall(struct.pack("<iiii", len(message) + 16, next(self._numbers), 0, OP_MSG) + message)
            size = struct.unpack("<i", self._receive(4))[0]
            reply = decode(self._receive(size - 4)[17:])
        except OSError as problem:
            raise CannotRead(f"the server of {self._name}: {problem}") from problem
        if reply.get("ok") != 1 or reply.get("writeErrors"):
            raise CannotRead(f"the server of {self._name}: {reply}")
        return reply

    def _receive(self, size):
        data = bytearray()
        while len(data) < size:
            part = self._socket.recv(size - len(data))
            if not part:
                raise ConnectionResetError("the server has closed the connection")
            data += part
        return bytes(data)

    def find(self, wanted):
        """The documents that match, read by and by."""
        cursor = self.command(find=self._name, filter=wanted, readConcern={"level": "majority"})["cursor"]
        batch = cursor["firstBatch"]
        while True:
            yield from batch
            if not cursor["id"]:
                return
            cursor = self.command(getMore=cursor["id"], collection=self._name)["cursor"]
            batch = cursor["nextBatch"]

    def put(self, document):
        """In the place of the one with its id, if there is one."""
        self.command(update=self._name, updates=[{"q": {"_id": document["_id"]}, "u": document, "upsert": True}])

    def remove(self, document):
        self.command(delete=self._name, deletes=[{"q": {"_id": document["_id"]}, "limit": 1}])

    def close(self):
        self._socket.close()
