"""A TCP proxy that a test puts between two processes: it does to what passes whatever a network, or a broken service, can do."""
import socket
import struct
import threading

PASS, DELAY, DRIP, CUT, BLACK_HOLE, RESET_AFTER_ANSWER, ANSWER = range(7)


class _Mode:
    def __init__(self, kind, amount=0, only=b"", reply=b""):
        self.kind = kind
        self.amount = amount  # seconds of a delay, bytes a second of a drip, how many answers are lost
        self.only = only
        self.reply = reply
        self.over = threading.Event()


class _Connection:
    """A client's connection, and the one to the target that belongs to it. Each direction has a thread; the last one closes both."""

    def __init__(self, client, target):
        self.client = client
        self.target = target
        self.request = b""
        self.is_answered = True
        self._lock = threading.Lock()
        self._directions = 2

    def reset(self):
        """Both ends see a reset. What stops to read here wakes its threads, and tells the other side nothing yet."""
        for one in (self.client, self.target):
            try:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.shutdown(socket.SHUT_RD)
            except OSError:
                pass

    def leave(self):
        """A direction has ended. Returns whether both have."""
        with self._lock:
            self._directions -= 1
            if self._directions > 0:
                return False
        self.client.close()
        self.target.close()
        return True


class Proxy:
    """Listens on a free port of 127.0.0.1 and passes every connection on to `target`, a pair of host and port. The way in which
    it does that can be changed at any time, also for connections that are open. Runs in threads of the test."""

    def __init__(self, target):
        self.target = target
        self.connections = 0  # so far
        self.requests = 0  # so far; an HTTP client that waits for each answer is assumed
        self.answers_lost = 0  # so far, by reset_after_answer()
        self._lock = threading.Lock()
        self._open = set()
        self._mode = _Mode(PASS)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    # -- what it does to what passes ---------------------------------------------------------------------------------
    def pass_on(self):
        self._switch(_Mode(PASS))

    def delay(self, seconds):
        """Everything, either way, comes so much later."""
        self._switch(_Mode(DELAY, seconds))

    def drip(self, bytes_per_s=1):
        self._switch(_Mode(DRIP, bytes_per_s))

    def cut(self):
        """Resets what is open, and what is opened from now on."""
        self._switch(_Mode(CUT))
        self._reset_all()

    def black_hole(self):
        """Connections are taken, and nothing passes. What is held comes when this is over, as from a network that has healed."""
        self._switch(_Mode(BLACK_HOLE))

    def reset_after_answer(self, only=b"", times=1_000_000):
        """Lets a request through, waits until the target has answered, and resets both ends instead of passing the answer on:
        the target has done what it was asked, and who asked does not know. For requests that begin with `only`."""
        self._switch(_Mode(RESET_AFTER_ANSWER, times, only))

    def answer(self, reply):
        """Answers each request with these bytes itself, and closes the connection. Resets what is open."""
        self._switch(_Mode(ANSWER, reply=reply))
        self._reset_all()

    def close(self):
        """Ends everything. Idempotent."""
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._thread.join(5)
        self._listener.close()
        self.cut()

    # -- how ---------------------------------------------------------------------------------------------------------
    def _switch(self, mode):
        with self._lock:
            before, self._mode = self._mode, mode
        before.over.set()

    def _reset_all(self):
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            connection.reset()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        mode = self._mode
        if mode.kind == ANSWER:
            return self._answer(client, mode.reply)
        try:
            if mode.kind == CUT:
                raise ConnectionAbortedError
            target = socket.create_connection(self.target, timeout=5)
            target.settimeout(None)
        except OSError:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
            return None
        for one in (client, target):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(client, target)
        with self._lock:
            self._open.add(connection)
        if self._mode.kind in (CUT, ANSWER):  # it was switched on in the meantime
            connection.reset()
        threading.Thread(target=self._carry, args=(connection, target, client, True), daemon=True).start()
        self._carry(connection, client, target, False)
        return None

    def _carry(self, connection, source, sink, is_answer):
        try:
            while chunk := source.recv(65536):
                self._note(connection, chunk, is_answer)
                self._deliver(connection, chunk, sink, is_answer)
            while (mode := self._mode).kind == BLACK_HOLE:
                mode.over.wait()
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            connection.reset()
        if connection.leave():
            with self._lock:
                self._open.discard(connection)

    def _note(self, connection, chunk, is_answer):
        if not is_answer and connection.is_answered:
            connection.request = chunk[:200]
            self.requests += 1
        connection.is_answered = is_answer

    def _deliver(self, connection, chunk, sink, is_answer):
        while chunk:
            mode = self._mode
            if mode.kind == BLACK_HOLE:
                mode.over.wait()
            elif mode.kind == DRIP:
                sink.sendall(chunk[:1])
                chunk = chunk[1:]
                mode.over.wait(1 / mode.amount)
            elif is_answer and mode.kind == RESET_AFTER_ANSWER and self._loses(mode, connection.request):
                connection.reset()
                raise ConnectionAbortedError
            else:
                if mode.kind == DELAY:
                    mode.over.wait(mode.amount)
                sink.sendall(chunk)
                break

    def _loses(self, mode, request):
        with self._lock:
            if mode.amount <= 0 or not request.startswith(mode.only):
                return False
            mode.amount -= 1
            self.answers_lost += 1
        return True

    def _answer(self, client, reply):
        try:
            with client:
                client.settimeout(5)
                received = b""
                while b"\r\n\r\n" not in received:
                    if not (part := client.recv(65536)):
                        return
                    received += part
                head, _, body = received.partition(b"\r\n\r\n")
                lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
                while len(body) < int(lengths[0] if lengths else 0):
                    if not (part := client.recv(65536)):
                        return
                    body += part
                self.requests += 1
                client.sendall(reply)
                client.shutdown(socket.SHUT_WR)
                client.recv(1)  # so that the end comes in order, and not as a reset that overtakes the reply
        except OSError:
            pass
