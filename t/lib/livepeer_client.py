"""A broadcaster of another make, to test the orchestrator with.

Nothing of the C code is used: messages come from protoc, gRPC from grpcio,
TLS and HTTP from Python, Keccak-256 and secp256k1 are written here. Reads one
JSON command a line from standard input, answers one JSON line each:

    {"cmd": "info"}                 GetOrchestrator, the session is kept
    {"cmd": "segment", "body": "...", "profiles": [[name, w, h, bps, fps]]}
    {"cmd": "get", "url": "..."}    a rendition
    {"cmd": "ping" | "end" | "grpc" | "payment" | "selftest" ...}

A command's other fields bend the request: see segment().
"""

import base64
import functools
import hashlib
import hmac
import http.client
import importlib
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import grpc

# --- Keccak-256, with the padding of the original submission

MASK = (1 << 64) - 1


def _round_constants():
    out, lfsr = [], 1
    for _ in range(24):
        value = 0
        for j in range(7):
            if lfsr & 1:
                value |= 1 << ((1 << j) - 1)
            lfsr = ((lfsr << 1) ^ (0x171 if lfsr & 0x80 else 0)) & 0xff
        out.append(value)
    return out


def _offsets():
    out = [[0] * 5 for _ in range(5)]
    x, y = 1, 0
    for t in range(24):
        out[x][y] = (t + 1) * (t + 2) // 2 % 64
        x, y = y, (2 * x + 3 * y) % 5
    return out


RC, ROT = _round_constants(), _offsets()


def _permute(a):
    for rc in RC:
        c = [a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20]
             for x in range(5)]
        b = [0] * 25
        for x in range(5):
            n = c[(x + 1) % 5]
            d = c[x - 1] ^ (((n << 1) | (n >> 63)) & MASK)
            for y in range(5):
                v, r = a[x + 5 * y] ^ d, ROT[x][y]
                if r:
                    v = ((v << r) | (v >> (64 - r))) & MASK
                b[y + 5 * ((2 * x + 3 * y) % 5)] = v
        a = [b[i] ^ (~b[i - i % 5 + (i + 1) % 5] & b[i - i % 5 + (i + 2) % 5])
             for i in range(25)]
        a[0] ^= rc
    return a


@functools.lru_cache(64)
def keccak(data):
    rate = 136
    pad = rate - len(data) % rate
    data += b"\x81" if pad == 1 else b"\x01" + bytes(pad - 2) + b"\x80"
    a = [0] * 25
    for i in range(0, len(data), rate):
        for k in range(rate // 8):
            a[k] ^= int.from_bytes(data[i + 8 * k:i + 8 * k + 8], "little")
        a = _permute(a)
    return b"".join(w.to_bytes(8, "little") for w in a[:4])


# --- secp256k1: sign (RFC 6979) and recover

P = 2 ** 256 - 2 ** 32 - 977
N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141
G = (0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798,
     0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8)


def _add(p, q):
    if p is None:
        return q
    if q is None:
        return p
    if p[0] == q[0]:
        if (p[1] + q[1]) % P == 0:
            return None
        m = 3 * p[0] * p[0] * pow(2 * p[1], -1, P) % P
    else:
        m = (q[1] - p[1]) * pow(q[0] - p[0], -1, P) % P
    x = (m * m - p[0] - q[0]) % P
    return x, (m * (p[0] - x) - p[1]) % P


@functools.lru_cache(1)
def _windows():
    """n * 16^i * G for each i below 64 and n below 16."""
    rows, p = [], G
    for _ in range(64):
        row = [None]
        for _ in range(15):
            row.append(_add(row[-1], p))
        rows.append(row)
        p = _add(row[-1], p)
    return rows


def _mul(k, p):
    r = None
    if p is G:
        for row in _windows():
            r = _add(r, row[k & 15])
            k >>= 4
        return r
    while k:
        if k & 1:
            r = _add(r, p)
        p = _add(p, p)
        k >>= 1
    return r


def address(key):
    x, y = _mul(int.from_bytes(key, "big"), G)
    return keccak(x.to_bytes(32, "big") + y.to_bytes(32, "big"))[12:]


def checksummed(addr):
    text = addr.hex()
    digest = keccak(text.encode()).hex()
    return "0x" + "".join(c.upper() if int(d, 16) > 7 else c
                          for c, d in zip(text, digest))


def _digest(m):
    return keccak(b"\x19Ethereum Signed Message:\n32" + m)


def _nonces(key, z):
    k, v = bytes(32), b"\x01" * 32
    seed = key + (z % N).to_bytes(32, "big")
    for tag in (b"\x00", b"\x01"):
        k = hmac.new(k, v + tag + seed, hashlib.sha256).digest()
        v = hmac.new(k, v, hashlib.sha256).digest()
    while True:
        v = hmac.new(k, v, hashlib.sha256).digest()
        yield int.from_bytes(v, "big")
        k = hmac.new(k, v + b"\x00", hashlib.sha256).digest()
        v = hmac.new(k, v, hashlib.sha256).digest()


def eth_sign(key, m, high_s=False):
    z, d = int.from_bytes(_digest(m), "big"), int.from_bytes(key, "big")
    for k in _nonces(key, z):
        if not 0 < k < N:
            continue
        x, y = _mul(k, G)
        r = x % N
        s = pow(k, -1, N) * (z + r * d) % N
        if r == 0 or s == 0 or x >= N:
            continue
        v = y & 1
        if (s > N // 2) != bool(high_s):
            s, v = N - s, v ^ 1
        return r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([27 + v])


def recover(sig, m):
    if len(sig) != 65 or sig[64] not in (27, 28):
        return None
    r, s = int.from_bytes(sig[:32], "big"), int.from_bytes(sig[32:64], "big")
    if not (0 < r < N and 0 < s <= N // 2):
        return None
    y = pow(r ** 3 + 7, (P + 1) // 4, P)
    if (y * y - r ** 3 - 7) % P:
        return None
    if (y & 1) != sig[64] - 27:
        y = P - y
    z, inv = int.from_bytes(_digest(m), "big"), pow(r, -1, N)
    q = _add(_mul(s * inv % N, (r, y)), _mul(-z * inv % N, G))
    if q is None:
        return None
    return keccak(q[0].to_bytes(32, "big") + q[1].to_bytes(32, "big"))[12:]


# --- the messages, as protoc makes them from the .proto

def load_messages(proto):
    out = tempfile.mkdtemp(prefix="livepeer-py-")
    try:
        subprocess.run(["protoc", "--python_out", out, "--proto_path",
                        os.path.dirname(proto) or ".", proto], check=True)
        sys.path.insert(0, out)
        sys.dont_write_bytecode = True
        return importlib.import_module("lp_rpc_pb2")
    finally:
        for name in os.listdir(out):
            path = os.path.join(out, name)
            if os.path.isfile(path):
                os.unlink(path)
        os.rmdir(out)


def flatten(seg, names):
    return (seg.manifest_id + bytes(28) + seg.seq.to_bytes(4, "big")
            + seg.hash + b"".join(keccak(n.encode())[:4].hex().encode()
                                  for n in names))


class Client:
    def __init__(self, url, proto):
        self.url = urllib.parse.urlsplit(url)
        self.pb = load_messages(proto)
        self.info = None
        self.tls = ssl._create_unverified_context()
        self.pending = {}

    # gRPC: the certificate is the server's own, so it is asked for first

    def channel(self):
        where = (self.url.hostname, self.url.port)
        pem = ssl.get_server_certificate(where).encode()
        return grpc.secure_channel(
            "%s:%d" % where, grpc.ssl_channel_credentials(pem),
            (("grpc.enable_http_proxy", 0),))

    def call(self, method, message, compression=None):
        raw = message if isinstance(message, bytes) \
            else message.SerializeToString()
        with self.channel() as channel:
            stub = channel.unary_unary(method)
            try:
                return stub(raw, timeout=10, compression=compression), None
            except grpc.RpcError as e:
                return None, {"grpc": e.code().value[0], "text": e.details()}

    def describe(self, info):
        return {
            "transcoder": info.transcoder,
            "address": info.address.hex(),
            "price": info.HasField("price_info"),
            "params": info.HasField("ticket_params"),
            "version": info.capabilities.version,
            "bits": ["%x" % w for w in info.capabilities.bitstring],
            "session": info.auth_token.session_id,
            "token": info.auth_token.token.hex(),
            "expires_in": info.auth_token.expiration - int(time.time()),
        }

    def cmd_info(self, c):
        pb = self.pb
        req = pb.OrchestratorRequest(address=bytes(20))
        if c.get("key"):
            key = bytes.fromhex(c["key"])
            req.address = address(key)
            text = checksummed(req.address).encode()
            req.sig = eth_sign(key, keccak(text), c.get("high_s"))
        if "sig" in c:
            req.sig = bytes.fromhex(c["sig"])
        if "address" in c:
            req.address = bytes.fromhex(c["address"])
        raw, err = self.call("/net.Orchestrator/GetOrchestrator", req)
        if err:
            return err
        info = pb.OrchestratorInfo.FromString(raw)
        if not c.get("forget"):
            self.keep(c, info)
        return dict(self.describe(info), grpc=0)

    def cmd_ping(self, c):
        value = bytes.fromhex(c["value"])
        raw, err = self.call("/net.Orchestrator/Ping",
                             self.pb.PingPong(value=value))
        if err:
            return err
        sig = self.pb.PingPong.FromString(raw).value
        by = recover(sig, keccak(value))
        return {"grpc": 0, "len": len(sig), "signer": by.hex() if by else ""}

    def cmd_end(self, c):
        req = self.pb.EndTranscodingSessionRequest()
        if not c.get("empty"):
            req.auth_token.CopyFrom(self.session(c).auth_token)
            self.bend_token(req.auth_token, c.get("token", {}))
        raw, err = self.call("/net.Orchestrator/EndTranscodingSession", req)
        return err or {"grpc": 0, "len": len(raw)}

    def cmd_grpc(self, c):
        body = bytes.fromhex(c["hex"]) if "hex" in c else bytes(c["zeros"])
        raw, err = self.call(c["method"], body,
                             grpc.Compression.Gzip if c.get("gzip") else None)
        return err or {"grpc": 0, "len": len(raw)}

    # HTTP

    def request(self, method, path, headers, body=None, source=None,
                chunked=False):
        conn = http.client.HTTPSConnection(
            self.url.hostname, self.url.port, context=self.tls, timeout=60,
            source_address=source)
        try:
            begun = time.time()
            conn.putrequest(method, path, skip_accept_encoding=True)
            for name, value in headers:
                conn.putheader(name, value)
            if body is not None and chunked:
                conn.putheader("Transfer-Encoding", "chunked")
            elif body is not None:
                conn.putheader("Content-Length", str(len(body)))
            conn.endheaders()
            try:
                if chunked:
                    for i in range(0, len(body), 1000):
                        part = body[i:i + 1000]
                        conn.send(b"%x\r\n%s\r\n" % (len(part), part))
                    conn.send(b"0\r\n\r\n")
                elif body:
                    conn.send(body)
            except (BrokenPipeError, ConnectionResetError):
                pass                  # refused early: the answer is there
            r = conn.getresponse()
            early = time.time()
            data = r.read()
            return {"status": r.status, "headers_s": early - begun,
                    "total_s": time.time() - begun, "data": data,
                    "headers": {k.lower(): v for k, v in r.getheaders()}}
        finally:
            conn.close()

    def bend_token(self, token, how):
        for name, value in how.items():
            if name == "flip":                # one bit of the token
                t = bytearray(token.token)
                t[value] ^= 1
                token.token = bytes(t)
            elif name == "token":
                token.token = bytes.fromhex(value)
            else:
                setattr(token, name, value)

    # what another make of client has more of: sessions, payments, a memory

    def session(self, c):
        return self.info

    def payment(self, c):
        if not c.get("key"):
            return b""
        pay = self.pb.Payment(sender=address(bytes.fromhex(c["key"])))
        pay.expected_price.price_per_unit = 0
        pay.expected_price.pixels_per_unit = 1
        return pay.SerializeToString()

    def keep(self, c, info):
        self.info = info

    def took(self, c, info):
        pass

    def seg_data(self, c, body):
        pb = self.pb
        seg = pb.SegData(manifest_id=c.get("manifest", "movie").encode(),
                         seq=c.get("seq", 1), hash=keccak(body),
                         profiles=b"invalid",
                         duration=c.get("duration", 2000))
        seg.capabilities.bitstring.append(0x1003)
        seg.capabilities.constraints.SetInParent()
        seg.auth_token.CopyFrom(self.session(c).auth_token)
        for p in c["profiles"]:
            v = seg.full_profiles.add(name=p[0], width=p[1], height=p[2],
                                      bitrate=p[3], fps=p[4])
            for k, value in (p[5] if len(p) > 5 else {}).items():
                setattr(v, k, value)
        return seg

    def headers(self, c, body):
        """Livepeer-Segment and -Payment.

        set       fields of SegData; hash and sig in hex
        clear     fields of SegData that are left out
        bits      the job's capability words;  min_version
        token     fields of the token; flip: number of a byte
        key       signs and is the payment's sender; sign_key signs instead
        segment_raw, payment_raw    the header's value as it is
        repeat    a header that comes twice
        """
        seg = self.seg_data(c, body)
        for name, value in c.get("set", {}).items():
            setattr(seg, name, bytes.fromhex(value)
                    if name in ("hash", "sig") else value)
        for name in c.get("clear", []):
            seg.ClearField(name)
        if "bits" in c:
            del seg.capabilities.bitstring[:]
            seg.capabilities.bitstring.extend(c["bits"])
        if "min_version" in c:
            seg.capabilities.constraints.min_version = c["min_version"]
        self.bend_token(seg.auth_token, c.get("token", {}))
        if "token" not in c and "auth_token" in c.get("clear", []):
            seg.ClearField("auth_token")

        payment = self.payment(c)
        if c.get("key") and "sig" not in c.get("set", {}):
            names = [p[0] for p in c["profiles"]]
            seg.sig = eth_sign(bytes.fromhex(c.get("sign_key", c["key"])),
                               keccak(flatten(seg, names)))

        out = [("Livepeer-Segment", c.get("segment_raw", base64.b64encode(
                    seg.SerializeToString()).decode())),
               ("Livepeer-Payment", c.get("payment_raw", base64.b64encode(
                    payment).decode()))]
        out = [h for h in out if h[0] not in c.get("omit", [])]
        return out + [h for h in out if h[0] == c.get("repeat")]

    def cmd_segment(self, c):
        body = open(c["file"], "rb").read() if "file" in c \
            else c["raw_body"] if "raw_body" in c \
            else c.get("body", "segment").encode()
        headers = self.headers(c, body)
        headers.append(("Content-Type", c.get("type", "video/MP2T")))
        if "send" in c:
            body = c["send"].encode()
        r = self.request(c.get("method", "POST"), c.get("path", "/segment"),
                         headers, body, chunked=c.get("chunked"))
        return self.result(c, r)

    def cmd_headers(self, c):
        return dict(self.headers(c, c.get("body", "segment").encode()))

    # the headers of a segment, a part of its body, and nothing more

    def cmd_cut(self, c):
        body = c.get("body", "segment").encode()
        lines = ["POST /segment HTTP/1.1", "Host: " + self.url.netloc,
                 "Content-Length: %d" % len(body)]
        lines += ["%s: %s" % h for h in self.headers(c, body)]
        s = self.tls.wrap_socket(socket.create_connection(
            (self.url.hostname, self.url.port), 10))
        s.sendall("\r\n".join(lines + ["", ""]).encode()
                  + body[:c["bytes"]])
        got = s.recv(65536).decode("latin-1") if c.get("read") else ""
        s.close()
        return {"got": got}

    def result(self, c, r):
        r["at"] = time.time()
        data = r.pop("data")
        if r["status"] != 200:
            return dict(r, body=data.decode("latin-1"))
        res = self.pb.TranscodeResult.FromString(data)
        self.took(c, res.info)
        out = dict(r, seq=res.seq, error=res.error,
                   info=self.describe(res.info),
                   token_same=res.info.auth_token
                   == self.session(c).auth_token,
                   urls=[s.url for s in res.data.segments],
                   pixels=[s.pixels for s in res.data.segments])
        if res.HasField("data") and not c.get("no_fetch"):
            files = [self.fetch(u) for u in out["urls"]]
            out["sizes"] = [len(f) for f in files]
            signer = recover(res.data.sig,
                             keccak(b"".join(keccak(f) for f in files)))
            out["signed"] = signer == self.session(c).address
            if "save" in c:
                for i, f in enumerate(files):
                    with open("%s%d.ts" % (c["save"], i), "wb") as out_file:
                        out_file.write(f)
        return out

    def fetch(self, url):
        r = self.request("GET", urllib.parse.urlsplit(url).path, [])
        if r["status"] != 200:
            raise RuntimeError("GET %s: %d" % (url, r["status"]))
        return r["data"]

    # in the background: {"cmd": "start", "id": 1, "what": {...}}, "wait"

    def cmd_start(self, c):
        box = {}

        def work():
            try:
                box.update(self.run(c["what"]))
            except Exception as e:
                box["exception"] = repr(e)

        t = threading.Thread(target=work, daemon=True)
        self.pending[c["id"]] = (t, box)
        t.start()
        return {}

    def cmd_wait(self, c):
        t, box = self.pending.pop(c["id"])
        t.join(60)
        return box

    def cmd_payment(self, c):
        r = self.request("POST", "/payment", self.headers(c, b""), b"")
        data = r.pop("data")
        if r["status"] != 200:
            return dict(r, body=data.decode("latin-1"))
        info = self.pb.PaymentResult.FromString(data).info
        self.took(c, info)
        return dict(r, info=self.describe(info))

    def cmd_get(self, c):
        path = urllib.parse.urlsplit(c["url"]).path if "url" in c \
            else c["path"]
        r = self.request(c.get("method", "GET"), path, c.get("headers", []))
        data = r.pop("data")
        return dict(r, len=len(data), hash=keccak(data).hex()
                    if len(data) < 200000 else "",
                    body=data[:200].decode("latin-1"))

    def cmd_selftest(self, c):
        key = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efc"
                            "ae784d7bf4f2ff80")
        m = bytes.fromhex("b7da355477356fc4c47fcabcf232dc77a6db9b07b7e48b7626"
                          "1cc55cc8fbabb3")
        sig = eth_sign(key, m)
        return {"empty": keccak(b"").hex(), "foo": keccak(b"foo").hex(),
                "block": keccak(b"a" * 136).hex(),
                "address": checksummed(address(key)), "sig": sig.hex(),
                "back": recover(sig, m) == address(key)}

    def run(self, c):
        return getattr(self, "cmd_" + c["cmd"])(c)


def main(make=Client):
    client = make(sys.argv[1], sys.argv[2])
    for line in sys.stdin:
        try:
            answer = client.run(json.loads(line))
        except Exception as e:
            answer = {"exception": repr(e)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
