"""A WebSocket server that misbehaves, written from RFC 6455 with Python's standard library alone. The path of a request is the
name of a function of Scene, which says what the server does with it. It prints its port, and serves until it is killed. What
it heard of a client (close codes, payloads of pongs) it prints in lines.

usage: ws_server.py [CERTIFICATE KEY]
"""
import base64
import hashlib
import os
import socket
import ssl
import struct
import sys
import threading

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def say(text):
    os.write(1, f"{text}\n".encode())


def frame(opcode, payload=b"", fin=True, rsv=0, mask=None, claim=None):
    size = len(payload) if claim is None else claim
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    bit = 0x80 if mask else 0
    if size < 126:
        head += bytes([bit | size])
    elif size < 65536:
        head += bytes([bit | 126]) + struct.pack(">H", size)
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", size)
    if mask:
        head += mask
        payload = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
    return head + payload


class Scene:
    def __init__(self, connection):
        self.c = connection
        self.buffer = b""

    def read(self, size):
        while len(self.buffer) < size:
            more = self.c.recv(65536)
            if not more:
                raise EOFError
            self.buffer += more
        out, self.buffer = self.buffer[:size], self.buffer[size:]
        return out

    def take(self):
        """The next frame: opcode and payload. A client's frame has to be masked."""
        first, second = self.read(2)
        size = second & 0x7F
        if not second & 0x80:
            say("unmasked")
            raise EOFError
        if size == 126:
            size, = struct.unpack(">H", self.read(2))
        elif size == 127:
            size, = struct.unpack(">Q", self.read(8))
        mask = self.read(4)
        payload = self.read(size)
        return first & 0x0F, bytes(b ^ mask[i % 4] for i, b in enumerate(payload)), mask

    def put(self, *frames):
        self.c.sendall(b"".join(frames))

    def serve(self):
        head = b""
        while b"\r\n\r\n" not in head:
            more = self.c.recv(65536)
            if not more:
                return
            head += more
        lines = head.decode("latin-1").split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:] if line)}
        self.target = lines[0].split(" ")[1]
        name, _, self.query = self.target.lstrip("/").partition("?")
        self.host = headers["host"]
        assert len(base64.b64decode(headers["sec-websocket-key"])) == 16
        assert headers["sec-websocket-version"] == "13" and headers["upgrade"] == "websocket"
        self.accept = base64.b64encode(hashlib.sha1((headers["sec-websocket-key"] + GUID).encode()).digest()).decode()
        getattr(self, name.replace("-", "_"))()

    def upgrade(self, accept=None, extra="", behind=b"", upgrade="websocket", connection="Upgrade"):
        self.c.sendall((f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: {upgrade}\r\nConnection: {connection}\r\n"
                        f"Sec-WebSocket-Accept: {accept or self.accept}\r\n{extra}\r\n").encode() + behind)

    def until_close(self):
        """Reads on; prints what it hears, until the client closes."""
        while True:
            opcode, payload, _ = self.take()
            if opcode == CLOSE:
                say(f"close {struct.unpack('>H', payload[:2])[0] if payload else 1005}")
                self.put(frame(CLOSE, payload))
                return
            say(f"{ {TEXT: 'text', PING: 'ping', PONG: 'pong'}[opcode] } {payload.decode()}")
            if opcode == PING:
                self.put(frame(PONG, payload))

    # ---- what is right ----

    def echo(self):
        self.upgrade()
        while True:
            opcode, payload, _ = self.take()
            self.put(frame(opcode if opcode == CLOSE else TEXT, payload))
            if opcode == CLOSE:
                say(f"close {struct.unpack('>H', payload[:2])[0]}")
                return

    def where(self):
        self.upgrade()
        self.put(frame(TEXT, f"{self.host} {self.target}".encode()))
        self.until_close()

    def masks(self):
        """Sends back the masks of the first three messages."""
        self.upgrade()
        self.put(frame(TEXT, b" ".join(self.take()[2].hex().encode() for _ in range(3))))

    def fragments(self):
        self.upgrade(connection="keep-alive, Upgrade", upgrade="WebSocket")
        self.put(frame(TEXT, b"one ", fin=False), frame(PING, b"inside"), frame(CONTINUATION, b"two ", fin=False),
                 frame(CONTINUATION, b"", fin=False), frame(CONTINUATION, b"three"), frame(TEXT, b"next"))
        self.until_close()

    def early(self):
        self.upgrade(behind=frame(TEXT, b"behind") + frame(TEXT, b"x" * 5000) + frame(TEXT, b"half")[:3])
        self.put(frame(TEXT, b"half")[3:])
        self.until_close()

    def drip(self):
        self.c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        whole = (f"HTTP/1.1 101 OK\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
                 f"sec-websocket-accept: {self.accept}\r\n\r\n").encode() + frame(TEXT, b"drop by drop") + frame(TEXT)
        for byte in whole:
            self.c.sendall(bytes([byte]))
        self.until_close()

    def sizes(self):
        self.upgrade()
        self.put(*(frame(TEXT, b"s" * n) for n in (0, 125, 126, 4095, 4096, 65535, 65536, 70000)))
        self.until_close()

    def many(self):
        self.upgrade()
        count = int(self.query)
        self.put(*(frame(TEXT, b"%d" % i) for i in range(1, count + 1)))
        self.until_close()

    def close_now(self):
        self.upgrade()
        self.put(frame(CLOSE, struct.pack(">H", 1001) + b"going \x01away"))
        self.until_close()

    def close_bare(self):
        self.upgrade()
        self.put(frame(CLOSE))
        self.until_close()

    # ---- what is wrong ----

    def refuse(self):
        self.c.sendall(f"HTTP/1.1 {self.query} No\r\nContent-Length: 0\r\n\r\n".encode())

    def wrong_accept(self):
        self.upgrade(accept=base64.b64encode(b"x" * 20).decode())

    def two_accepts(self):
        self.upgrade(extra="Sec-WebSocket-Accept: other\r\n")

    def no_upgrade(self):
        self.upgrade(upgrade="h2c")

    def no_connection(self):
        self.upgrade(connection="close")

    def extension(self):
        self.upgrade(extra="Sec-WebSocket-Extensions: permessage-deflate\r\n")

    def protocol(self):
        self.upgrade(extra="Sec-WebSocket-Protocol: chat\r\n")

    def long_head(self):
        self.upgrade(extra="".join(f"X-{i}: {'y' * 1000}\r\n" for i in range(30)))

    def endless_head(self):
        self.c.sendall(b"HTTP/1.1 101 OK\r\n")
        while True:
            self.c.sendall(b"X: y\r\n" * 1000)

    def no_colon(self):
        self.upgrade(extra="no colon here\r\n")

    def old(self):
        self.c.sendall(b"HTTP/1.0 101 OK\r\n\r\n")

    def garbage(self):
        self.c.sendall(os.urandom(200) + b"\r\n\r\n")

    def cut_head(self):
        self.c.sendall(b"HTTP/1.1 101 OK\r\nUpgr")

    def silent(self):
        self.c.recv(1)

    def cut(self):
        self.upgrade(behind=frame(TEXT, b"last words") + frame(TEXT, b"never whole")[:-2])

    def deaf(self):
        """Never answers a close frame."""
        self.upgrade()
        while True:
            self.take()

    def bad(self):
        """A frame that is wrong in the way that the query names; what stands before it counts."""
        wrong = {
            "masked": frame(TEXT, b"masked", mask=b"abcd"),
            "rsv1": frame(TEXT, b"x", rsv=4),
            "rsv3": frame(PING, b"x", rsv=1),
            "binary": frame(BINARY, b"x"),
            "unknown": frame(3, b"x"),
            "unknown_control": frame(11, b"x"),
            "long_ping": frame(PING, b"x" * 126),
            "torn_ping": frame(PING, b"x", fin=False),
            "no_message": frame(CONTINUATION, b"x"),
            "inside": frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"),
            "huge": frame(TEXT, b"x", claim=1 << 40),
            "negative": frame(TEXT, b"x", claim=1 << 63),
            "longhand": bytes([0x81, 126, 0, 5]) + b"hello",
            "sum": frame(TEXT, b"x" * 600000, fin=False) + frame(CONTINUATION, b"x" * 600000),
            "close_one": frame(CLOSE, b"x"),
            "close_1005": frame(CLOSE, struct.pack(">H", 1005)),
            "close_999": frame(CLOSE, struct.pack(">H", 999)),
        }[self.query]
        self.upgrade()
        self.put(frame(TEXT, b"good"), wrong, frame(TEXT, b"after it"))
        self.until_close()


def hostile(self):
    """Answers as an exchange does whose words cannot be trusted."""
    self.upgrade()
    self.take()
    topic = '{"topic":"publicTrade.BTCUSD","type":"snapshot","ts":1,"data":%s}'
    trade = '[{"T":1,"s":"BTCUSD","S":"Buy","v":"1","p":"%s","i":"%s"}]'
    self.put(*(frame(TEXT, text.encode()) for text in [
        "", "null", "[]", "{", "{}", '{"topic":5}', '{"topic":"other","data":[]}', '{"op":"subscribe"}', '{"op":"auth","success":true}',
        '{"success":true,"ret_msg":"","op":"subscribe","req_id":"99999999999999999999999"}',
        '{"success":true,"ret_msg":"","op":"subscribe","req_id":"' + "9" * 5000 + '"}',
        '{"success":false,"ret_msg":"no","op":"subscribe","req_id":"77"}',
        '{"success":true,"ret_msg":"","op":"subscribe","req_id":"1","conn_id":"' + "c" * 500 + '"}',
        '{"success":true,"ret_msg":"","op":"subscribe","req_id":"1"}',
        topic % (trade % ("1.5", "first")), topic % "[[[[", topic % "{}", topic % '"x"', topic % "null",
        topic % (trade % ("no number", "odd")), '{"topic":"publicTrade.BTCUSD","data":[{"i":"a","i":"b"}]}',
        topic % ("[" * 500 + "]" * 500), topic % (trade % ("1." + "0" * 100, "long")), topic % (trade % ("2", "last"))]))
    self.until_close()


setattr(Scene, "v5/public/inverse", hostile)


def serve(tcp, context):
    try:
        connection = context.wrap_socket(tcp, server_side=True) if context else tcp
        with connection:
            Scene(connection).serve()
    except (OSError, EOFError, ssl.SSLError):
        pass


def main():
    context = None
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
    listener = socket.create_server(("127.0.0.1", 0))
    say(listener.getsockname()[1])
    while True:
        tcp, _ = listener.accept()
        threading.Thread(target=serve, args=(tcp, context), daemon=True).start()


main()
