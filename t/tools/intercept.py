#!/usr/bin/python3
"""Somebody on the way: TLS ended with a certificate of his own, opened again
to the orchestrator, everything read and, as he likes, changed in between.

    intercept.py PORT ORCHESTRATOR-PORT RECIPIENT EVIL

Listens on 127.0.0.1:PORT. RECIPIENT and EVIL are addresses in hex: who is
paid, and who would like to be. GET /mode/MODE on the port that it prints
changes what he does, GET /count what came of it:

    read        nothing, but he keeps count of what he sees
    delay       each piece of an answer waits 100 ms
    recipient   tickets shall pay EVIL
    address     results are said to be signed by EVIL
    both        he is EVIL in all
    rendition   a bit of every rendition changes
    result      a bit of the signature of every result changes
"""
import collections
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

PORT, TO = int(sys.argv[1]), int(sys.argv[2])
RECIPIENT, EVIL = (bytes.fromhex(a.removeprefix("0x")) for a in sys.argv[3:5])
SECONDS = 0.1

counts, state, lock = collections.Counter(), {"mode": "read"}, threading.Lock()
TS = re.compile(rb"\x47[\x00-\xff]{187}\x47[\x00-\xff]{187}\x47", re.S)
SIGNATURE = re.compile(rb"\x12\x41([\x00-\xff]{64}[\x1b\x1c])", re.S)


def count(what, n=1):
    with lock:
        counts[what] += n


def swap(data, tag):
    old = tag + RECIPIENT
    if old in data:
        count("changed", data.count(old))
    return data.replace(old, tag + EVIL)


def flip(data, match, at):
    count("changed")
    at += match.start()
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def change(data):
    """a piece of an answer, as it is passed on; never of another length"""
    mode = state["mode"]
    count("bytes", len(data))
    ts = TS.search(data)
    if ts:
        count("renditions seen")
    if RECIPIENT in data:
        count("offers seen")
    if mode == "delay":
        time.sleep(SECONDS)
    if mode in ("recipient", "both"):
        data = swap(data, b"\x0a\x14")
    if mode in ("address", "both"):
        data = swap(data, b"\x22\x14")
    if mode == "rendition" and ts:
        data = flip(data, ts, 300)
    if mode == "result" and not ts:
        sig = SIGNATURE.search(data)
        if sig:
            data = flip(data, sig, 20)
    return data


def pump(a, b, what):
    try:
        while True:
            data = a.recv(65536)
            if not data:
                break
            b.sendall(what(data))
    except OSError:
        pass
    for s in (a, b):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def asked(data):
    count("bytes", len(data))
    return data


def serve(conn, inner):
    try:
        ours = inner.wrap_socket(conn, server_side=True)
        outer = ssl._create_unverified_context()
        proto = ours.selected_alpn_protocol()
        if proto:
            outer.set_alpn_protocols([proto])
        theirs = outer.wrap_socket(socket.create_connection(
            ("127.0.0.1", TO), 5))
    except OSError:
        conn.close()
        return
    count("connections")
    theirs.settimeout(None)
    back = threading.Thread(target=pump, args=(theirs, ours, change),
                            daemon=True)
    back.start()
    pump(ours, theirs, asked)
    back.join()
    ours.close()
    theirs.close()


def certificate():
    with tempfile.TemporaryDirectory() as d:
        key, cert = os.path.join(d, "key"), os.path.join(d, "cert")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                        key, "-out", cert, "-days", "2", "-subj",
                        "/CN=127.0.0.1"], check=True,
                       stderr=subprocess.DEVNULL)
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        c.load_cert_chain(cert, key)
        c.set_alpn_protocols(["h2", "http/1.1"])
        return c


class Control(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path.startswith("/mode/"):
            state["mode"] = self.path[6:]
            with lock:
                counts["changed"] = 0
        with lock:
            data = json.dumps(counts).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


inner = certificate()
control = HTTPServer(("127.0.0.1", 0), Control)
threading.Thread(target=control.serve_forever, daemon=True).start()
listener = socket.create_server(("127.0.0.1", PORT), backlog=128)
print("control on http://127.0.0.1:%d" % control.server_port, flush=True)
while True:
    conn, _ = listener.accept()
    threading.Thread(target=serve, args=(conn, inner), daemon=True).start()
