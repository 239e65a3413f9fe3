#!/usr/bin/python3
"""Orchestrators, each wrong in one chosen way, for the broadcaster's tests.

    badorch.py [--size WxH] MODE[=X]...

For each mode gRPC is served by grpcio on one port, segments and renditions
by plain HTTP/1.1 over TLS on another one of the same host. It prints a line
"MODE ready on https://127.0.0.1:PORT" for each and works until it is killed.
Mode "echo" is honest: it returns the source as every rendition, so a ladder
with one rung of the source's size is delivered; so is "plain", without TLS,
and "named", by a name. Every other mode differs from it in the one thing its
name says. What is asked is counted on stdout.
"""
import argparse
import base64
import datetime
import os
import signal
import socket
import ssl
import struct
import sys
import tempfile
import threading
import time
from concurrent import futures

MODES = """echo plain named hang-tcp hang-tls grpc-garbage grpc-http1 grpc-error
grpc-malformed grpc-no-token grpc-no-work grpc-other-host grpc-incapable
hang early-hang early-close close status error garbage-result huge-result
wrong-seq no-data bad-signature no-signature fewer more pixels html
other-host other-port file-url missing huge endless drip slow redirect
changed-address truncated stale no-handshake""".split()


# --- protobuf, as much as is needed

def varint(n):
    out = b""
    n &= (1 << 64) - 1
    while True:
        b = n & 0x7f
        n >>= 7
        if n == 0:
            return out + bytes([b])
        out += bytes([b | 0x80])


def num(field, n):
    return varint(field << 3) + varint(n)


def data(field, b):
    b = b.encode() if isinstance(b, str) else b
    return varint(field << 3 | 2) + varint(len(b)) + b


def fields(msg):
    """the fields of a message: [(number, value)]"""
    out, i = [], 0

    def read():
        nonlocal i
        n = shift = 0
        while True:
            b = msg[i]
            i += 1
            n |= (b & 0x7f) << shift
            shift += 7
            if b < 0x80:
                return n

    while i < len(msg):
        key = read()
        if key & 7 == 0:
            out.append((key >> 3, read()))
        elif key & 7 == 2:
            n = read()
            out.append((key >> 3, msg[i:i + n]))
            i += n
        else:
            raise ValueError("wire type")
    return out


def first(msg, number, default=None):
    return next((v for n, v in fields(msg) if n == number), default)


# --- TLS and MPEG-TS

def certificate():
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "badorch")])
    now = datetime.datetime.utcnow()
    cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name)
            .public_key(key.public_key()).serial_number(1)
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=30))
            .sign(key, hashes.SHA256()))
    return (key.private_bytes(serialization.Encoding.PEM,
                              serialization.PrivateFormat.PKCS8,
                              serialization.NoEncryption()),
            cert.public_bytes(serialization.Encoding.PEM))


def video_units(ts):
    """access units: PES starts of the video track"""
    pmt = video = None
    units = 0
    for i in range(0, len(ts) - 187, 188):
        p = ts[i:i + 188]
        pid = (p[1] & 0x1f) << 8 | p[2]
        if not p[1] & 0x40:
            continue
        at = 4 + (1 + p[4] if p[3] & 0x20 else 0)
        if pid == 0:
            at += 1 + p[at]
            pmt = (p[at + 10] & 0x1f) << 8 | p[at + 11]
        elif pid == pmt and video is None:
            at += 1 + p[at]
            end = at + 3 + ((p[at + 1] & 0xf) << 8 | p[at + 2]) - 4
            at += 12 + ((p[at + 10] & 0xf) << 8 | p[at + 11])
            while at < end and video is None:
                if p[at] == 0x1b:
                    video = (p[at + 1] & 0x1f) << 8 | p[at + 2]
                at += 5 + ((p[at + 3] & 0xf) << 8 | p[at + 4])
        elif pid == video:
            units += 1
    return units


# --- the orchestrator

class Orchestrator:
    wanted = 0                                     # the port; 0: any

    def __init__(self, mode, arg, size):
        self.mode, self.arg, self.size = mode, arg, size
        self.store, self.lock = {}, threading.Lock()
        self.previous = None
        self.asked = self.posted = self.fetched = self.ended = 0

    def is_(self, *modes):
        return self.mode in modes

    def uri(self):
        if self.is_("grpc-other-host"):
            return "https://localhost:%d" % self.port
        return "" if self.is_("grpc-no-work") else self.base

    def info(self, address=None):
        token = data(1, b"t" * 32) + data(2, "cafe0001") \
            + num(3, int(time.time()) + 1800)
        bits = 1 if self.is_("grpc-incapable") else 0x4005fff
        m = data(1, self.uri()) if self.uri() else b""
        if self.is_("bad-signature", "no-signature", "changed-address"):
            m += data(4, address or b"\x11" * 20)
        m += data(5, data(1, varint(bits)) + data(4, "0.9.1"))
        if not self.is_("grpc-no-token"):
            m += data(6, token)
        return m

    # gRPC: bytes in, bytes out

    def get_orchestrator(self, request, context):
        import grpc
        self.count("asked")
        if self.is_("grpc-error"):
            context.abort(grpc.StatusCode.UNKNOWN, "OrchestratorCapped")
        return b"\xff\xff\xff" if self.is_("grpc-malformed") else self.info()

    def end_session(self, request, context):
        self.count("ended")
        return b""

    def count(self, what):
        with self.lock:
            setattr(self, what, getattr(self, what) + 1)
            print(self.mode, what, getattr(self, what), flush=True)

    def serve_grpc(self, key, cert):
        import grpc
        unary = grpc.unary_unary_rpc_method_handler
        server = grpc.server(futures.ThreadPoolExecutor(8))
        server.add_generic_rpc_handlers((
            grpc.method_handlers_generic_handler("net.Orchestrator", {
                "GetOrchestrator": unary(self.get_orchestrator),
                "EndTranscodingSession": unary(self.end_session)}),))
        at = "127.0.0.1:%d" % self.wanted
        port = server.add_insecure_port(at) if self.is_("plain") \
            else server.add_secure_port(
                at, grpc.ssl_server_credentials([(key, cert)]))
        server.start()
        self.server = server
        return port

    # HTTP/1.1

    def serve_http(self, key, cert, alpn=None, handler=None):
        with tempfile.NamedTemporaryFile() as f:
            f.write(key + cert)
            f.flush()
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(f.name)
        if alpn:
            tls.set_alpn_protocols(alpn)
        s = socket.create_server(("127.0.0.1", 0), backlog=64)

        def client(c):
            try:
                if self.is_("no-handshake"):
                    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                 struct.pack("ii", 1, 0))
                    raise OSError
                if not self.is_("hang-tcp", "plain"):
                    c = tls.wrap_socket(c, server_side=True)
                (handler or self.http)(c)
            except (OSError, ValueError, IndexError):
                pass
            finally:
                c.close()

        def accept():
            while True:
                c, _ = s.accept()
                c.settimeout(60)
                threading.Thread(target=client, args=(c,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return s.getsockname()[1]

    def http(self, c):
        f = c.makefile("rb")
        while True:
            line = f.readline()
            if not line:
                return
            method, path = line.decode().split()[:2]
            head = {}
            while True:
                line = f.readline().strip()
                if not line:
                    break
                k, v = line.decode().split(":", 1)
                head[k.lower()] = v.strip()
            body = f.read(int(head.get("content-length", 0)))
            if method == "POST":
                self.segment(c, head, body)
            else:
                self.rendition(c, path)

    def answer(self, c, status, body):
        c.sendall(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n"
                  % (status, len(body)) + body)

    def chunk(self, c, body):
        c.sendall(b"%x\r\n%b\r\n" % (len(body), body))

    def segment(self, c, head, body):
        self.count("posted")
        if self.is_("hang"):
            time.sleep(3600)
        if self.is_("close"):
            raise OSError
        if self.is_("status"):
            return self.answer(c, int(self.arg), b"no\n")
        if self.is_("redirect"):
            c.sendall(b"HTTP/1.1 307 X\r\nLocation: %b/segment\r\n"
                      b"Content-Length: 0\r\n\r\n" % self.base.encode())
            return

        c.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        if self.is_("early-hang"):
            time.sleep(3600)
        if self.is_("early-close"):
            raise OSError
        if self.is_("slow"):
            time.sleep(float(self.arg))

        creds = base64.b64decode(head["livepeer-segment"])
        self.chunk(c, self.result(creds, body))
        c.sendall(b"0\r\n\r\n")

    def result(self, creds, body):
        if self.is_("garbage-result"):
            return b"<html>no</html>"
        if self.is_("huge-result"):
            return data(2, b"x" * 400000)
        seq = first(creds, 2, 0)
        if self.is_("error"):
            return num(1, seq) + data(2, self.arg)
        if self.is_("no-data"):
            return num(1, seq)

        n = sum(number in (33, 34, 35) for number, _ in fields(creds))
        n += {"fewer": -1, "more": 1}.get(self.mode, 0)
        w, h = map(int, self.size.split("x"))
        pixels = video_units(body) * w * h
        if self.is_("pixels"):
            pixels += pixels // 50
        if self.is_("stale"):
            body, self.previous = self.previous or body[:188], body

        m = b""
        for i in range(n):
            path = "/stream/cafe0001/%d/%d.ts" % (i, seq)
            with self.lock:
                self.store[path] = body
                for old in list(self.store)[:-64]:
                    del self.store[old]
            m += data(1, data(1, self.place() + path) + num(2, pixels))
        if self.is_("bad-signature", "changed-address"):
            m += data(2, os.urandom(31) + b"\1" + os.urandom(31) + b"\1\x1b")
        m = num(1, seq + self.is_("wrong-seq")) + data(3, m)
        if self.is_("changed-address"):
            m += data(16, self.info(b"\x22" * 20))
        return m

    def place(self):
        if self.is_("other-host"):
            return "https://localhost:%d" % self.http_port
        if self.is_("other-port"):
            return "https://127.0.0.1:%d" % self.port
        return "file://" if self.is_("file-url") else self.base

    def rendition(self, c, path):
        self.count("fetched")
        with self.lock:
            body = self.store.get(path)
        if body is None or self.is_("missing"):
            return self.answer(c, 404, b"ErrNotFound\n")
        if self.is_("html"):
            body = b"<html>" + b"x" * 5000
        if self.is_("truncated"):
            body = body[:len(body) // 188 // 2 * 188]
        if self.is_("huge"):
            c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 300000000\r\n\r\n")
            return self.pour(c, b"x" * 65536)
        if self.is_("endless"):
            c.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            return self.pour(c, b"x" * 65536)
        if self.is_("drip"):
            c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
                      % len(body))
            for b in body:
                c.sendall(bytes([b]))
                time.sleep(1)
        self.answer(c, 200, body)

    def pour(self, c, block):
        while True:
            c.sendall(block)

    def start(self, key, cert):
        if self.is_("hang-tcp", "hang-tls"):
            self.port = self.serve_http(key, cert,
                                        handler=lambda c: time.sleep(3600))
        elif self.is_("grpc-garbage"):
            self.port = self.serve_http(
                key, cert, ["h2"],
                lambda c: (c.recv(100), c.sendall(os.urandom(5000))))
        elif self.is_("grpc-http1"):
            self.port = self.serve_http(
                key, cert, None,
                lambda c: (c.recv(65536), self.answer(c, 200, self.info())))
        else:
            self.port = self.serve_grpc(key, cert)
        self.http_port = self.serve_http(key, cert)
        at = "http" if self.is_("plain") else "https"
        at += "://localhost" if self.is_("named") else "://127.0.0.1"
        self.base = "%s:%d" % (at, self.http_port)
        print("%s ready on %s:%d" % (self.mode, at, self.port), flush=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("modes", nargs="+", metavar="MODE[=X]")
    p.add_argument("--size", default="640x360")
    o = p.parse_args()
    for s in (signal.SIGTERM, signal.SIGINT):
        signal.signal(s, lambda *_: os._exit(0))
    key, cert = certificate()
    for text in o.modes:
        mode, _, arg = text.partition("=")
        if mode not in MODES:
            p.error("unknown mode " + mode)
        Orchestrator(mode, arg, o.size).start(key, cert)
    while True:
        signal.pause()


if __name__ == "__main__":
    sys.exit(main())
