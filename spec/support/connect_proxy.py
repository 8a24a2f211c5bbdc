"""A proxy that only knows CONNECT (RFC 9110, section 9.3.6), and leads every name to a port of this machine. It prints its port,
then a line for each CONNECT, with the name and port that were asked for.

usage: connect_proxy.py PORT
"""
import os
import socket
import sys
import threading


def say(text):
    os.write(1, f"{text}\n".encode())


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(client, port):
    head = b""
    while b"\r\n\r\n" not in head:
        more = client.recv(4096)
        if not more:
            return
        head += more
    verb, name, _ = head.split(b"\r\n")[0].decode().split(" ")
    say(f"{verb} {name}")
    if verb != "CONNECT":
        client.sendall(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
        return
    server = socket.create_connection(("127.0.0.1", port))
    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    threading.Thread(target=pump, args=(server, client), daemon=True).start()
    pump(client, server)


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    say(listener.getsockname()[1])
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, int(sys.argv[1])), daemon=True).start()


main()
