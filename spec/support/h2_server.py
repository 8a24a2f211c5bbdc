"""An exchange over HTTP/2 that misbehaves. The id of an order, up to a '-', says what the server does with it: it is the name of
a method of Connection. The second time that an id comes, the server answers well. It prints its port, and then a line for
each connection, for each order that came whole (its id), and for each stream that the client ends. It serves until it is
killed.

STREAMS is how many streams a client may have on a connection; "none": the server speaks HTTP/1.1. With STREAMS the line of
an order has its timestamp, too. Orders on hold are then answered once an order comes whose id ends in "release".

usage: h2_server.py CERTIFICATE KEY [STREAMS]
"""
import json
import os
import socket
import ssl
import sys
import threading
import time

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

ENDLESS = 4096  # pieces of 16 KiB, far more than any client takes
NOTHING = b'{"retCode":0,"retMsg":"OK","result":{"list":[],"nextPageCursor":""},"time":1700000000000}'
seen = set()
released = threading.Event()


def answer(id):
    return json.dumps({"retCode": 0, "retMsg": "OK", "result": {"orderId": "o-" + id, "orderLinkId": id},
                       "time": int(time.time() * 1000)}, separators=(",", ":")).encode()


def say(text):
    """Prints a line in one write, so that the lines of two threads never mix."""
    os.write(1, f"{text}\n".encode())


def tell(id, stamp):
    """An order has come. The orders that it releases are answered from now on."""
    say(f"{id} {stamp}" if len(sys.argv) > 3 else id)
    if id.endswith("release"):
        released.set()


class Connection:
    def __init__(self, tcp):
        self.tcp = tcp
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self.bodies, self.reads, self.dripping, self.held, self.stamps = {}, {}, [], [], {}

    def flush(self):
        self.tcp.sendall(self.h2.data_to_send())

    def headers(self, stream, *more):
        self.h2.send_headers(stream, [(":status", "200"), ("content-type", "application/json"), *more])

    def good(self, stream, id):
        self.headers(stream)
        self.h2.send_data(stream, answer(id), end_stream=True)

    def refused(self, stream, id):  # "no part of it was processed": sending again is allowed, but only if the caller asks
        self.h2.reset_stream(stream, h2.errors.ErrorCodes.REFUSED_STREAM)

    def reset(self, stream, id):
        self.h2.reset_stream(stream, h2.errors.ErrorCodes.INTERNAL_ERROR)

    def torn(self, stream, id):
        self.headers(stream)
        self.h2.send_data(stream, answer(id)[:20])
        self.h2.reset_stream(stream, h2.errors.ErrorCodes.CANCEL)

    def goaway(self, stream, id):
        self.h2.close_connection(last_stream_id=0)
        self.flush()
        raise ConnectionError

    def farewell(self, stream, id):  # it answers, and takes no more streams
        self.good(stream, id)
        self.flush()
        self.h2.close_connection(last_stream_id=stream)

    def short(self, stream, id):
        self.headers(stream, ("content-length", "5000"))
        self.h2.send_data(stream, answer(id), end_stream=True)

    def flood(self, stream, id):
        self.headers(stream, *[("x-%d" % i, "y" * 4000) for i in range(20)])
        self.h2.send_data(stream, answer(id), end_stream=True)

    def endless(self, stream, id):
        self.headers(stream)
        for _ in range(ENDLESS):
            while self.h2.local_flow_control_window(stream) < 16384:
                self.flush()
                self.read()
            self.h2.send_data(stream, b" " * 16384)
            self.flush()

    def drip(self, stream, id):
        self.headers(stream)
        self.dripping.append(stream)

    def silent(self, stream, id):
        pass

    def hold(self, stream, id):
        self.held.append((stream, id))

    def garbage(self, stream, id):
        self.tcp.sendall(b"\xff" * 4096)

    def read(self):
        try:
            data = self.tcp.recv(65536)
        except socket.timeout:
            for stream in self.dripping:
                self.h2.send_data(stream, b" ")
            if released.is_set():
                for stream, id in self.held:
                    self.good(stream, id)
                self.held = []
            return
        if not data:
            raise ConnectionError
        for event in self.h2.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                self.bodies[event.stream_id] = b""
                self.reads[event.stream_id] = dict(event.headers)[":method"] == "GET"
                self.stamps[event.stream_id] = dict(event.headers).get("x-bapi-timestamp")
            elif isinstance(event, h2.events.DataReceived):
                self.bodies[event.stream_id] += event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamReset):
                if event.stream_id in self.dripping:
                    self.dripping.remove(event.stream_id)
                    say("ended")
            elif isinstance(event, h2.events.StreamEnded):
                self.ended(event.stream_id)

    def ended(self, stream):
        if self.reads[stream]:
            self.headers(stream)
            self.h2.send_data(stream, NOTHING, end_stream=True)
            return
        id = json.loads(self.bodies[stream])["orderLinkId"]
        tell(id, self.stamps[stream])
        again = id in seen
        seen.add(id)
        getattr(self, "good" if again else id.split("-")[0])(stream, id)

    def serve(self):
        say("connection")
        if len(sys.argv) > 3:
            self.h2.local_settings = h2.settings.Settings(client=False, initial_values={
                h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: int(sys.argv[3])})
        self.h2.initiate_connection()
        self.tcp.settimeout(0.05)
        try:
            while True:
                self.flush()
                self.read()
        except (OSError, ConnectionError, h2.exceptions.ProtocolError):
            self.tcp.close()


class Plain:
    """The same server over HTTP/1.1, for orders that are good or on hold."""

    def __init__(self, tcp):
        self.tcp = tcp

    def serve(self):
        say("connection")
        file = self.tcp.makefile("rwb")
        try:
            while file.readline():
                headers = {}
                while (line := file.readline().strip()) != b"":
                    name, value = line.decode().split(": ", 1)
                    headers[name.lower()] = value
                id = json.loads(file.read(int(headers["content-length"])))["orderLinkId"]
                tell(id, headers["x-bapi-timestamp"])
                if id.startswith("hold"):
                    released.wait()
                body = answer(id)
                file.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                file.flush()
        except OSError:
            pass
        self.tcp.close()


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    plain = len(sys.argv) > 3 and sys.argv[3] == "none"
    context.set_alpn_protocols(["http/1.1" if plain else "h2"])
    listener = socket.create_server(("127.0.0.1", 0))
    say(listener.getsockname()[1])
    while True:
        tcp, _ = listener.accept()
        try:
            tcp = context.wrap_socket(tcp, server_side=True)
        except OSError:
            continue
        threading.Thread(target=(Plain if plain else Connection)(tcp).serve, daemon=True).start()


main()
