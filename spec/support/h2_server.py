"""An exchange over HTTP/2 that misbehaves. What it does with an order is in the order's own id, up to a '-': the methods
of Connection; the second time it sees an id it answers well. It writes its port, then a line for each connection, each
order that came whole (its id) and each stream that the client ends; and serves until it is killed.

usage: h2_server.py CERTIFICATE KEY
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

ENDLESS = 4096  # pieces of 16 KiB: far more than any client takes
NOTHING = b'{"retCode":0,"retMsg":"OK","result":{"list":[],"nextPageCursor":""},"time":1700000000000}'
seen = set()


def answer(id):
    return json.dumps({"retCode": 0, "retMsg": "OK", "result": {"orderId": "o-" + id, "orderLinkId": id},
                       "time": int(time.time() * 1000)}, separators=(",", ":")).encode()


def say(text):
    """A line in one write: those of two threads never mix."""
    os.write(1, f"{text}\n".encode())


class Connection:
    def __init__(self, tcp):
        self.tcp = tcp
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self.bodies, self.reads, self.dripping = {}, {}, []

    def flush(self):
        self.tcp.sendall(self.h2.data_to_send())

    def headers(self, stream, *more):
        self.h2.send_headers(stream, [(":status", "200"), ("content-type", "application/json"), *more])

    def good(self, stream, id):
        self.headers(stream)
        self.h2.send_data(stream, answer(id), end_stream=True)

    def refused(self, stream, id):  # "no part of it was processed": a client may send again, but only once it is asked to
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

    def farewell(self, stream, id):  # it answers, and wants no more
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

    def garbage(self, stream, id):
        self.tcp.sendall(b"\xff" * 4096)

    def read(self):
        try:
            data = self.tcp.recv(65536)
        except socket.timeout:
            for stream in self.dripping:
                self.h2.send_data(stream, b" ")
            return
        if not data:
            raise ConnectionError
        for event in self.h2.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                self.bodies[event.stream_id] = b""
                self.reads[event.stream_id] = dict(event.headers)[":method"] == "GET"
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
        say(id)
        again = id in seen
        seen.add(id)
        getattr(self, "good" if again else id.split("-")[0])(stream, id)

    def serve(self):
        say("connection")
        self.h2.initiate_connection()
        self.tcp.settimeout(0.05)
        try:
            while True:
                self.flush()
                self.read()
        except (OSError, ConnectionError, h2.exceptions.ProtocolError):
            self.tcp.close()


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    context.set_alpn_protocols(["h2"])
    listener = socket.create_server(("127.0.0.1", 0))
    say(listener.getsockname()[1])
    while True:
        tcp, _ = listener.accept()
        try:
            tcp = context.wrap_socket(tcp, server_side=True)
        except OSError:
            continue
        threading.Thread(target=Connection(tcp).serve, daemon=True).start()


main()
