#!/usr/bin/python3
"""Orchestrators that are paid on a chain, each wrong in one chosen way.

    badpaid.py --chain FILE [--size WxH] [--price N/D] [--ev WEI] [--face WEI]
               [--limits JSON] NAME:MODE[=X][,port=N][,key=FILE]...

The modes of badorch.py, paid, and those below. Each orchestrator has a key
of its own, made from its name unless a file has one, and signs results with
it. "good" is honest: the source comes back as every rendition. Every ticket
is checked by what was offered, by its signature, and by the limits of the
broadcaster, which this program is told. One JSON object in a line for each
thing that happens: ready, asked, payment, posted, delivered, fetched.
"""
import argparse
import base64
import json
import os
import random
import signal
import sys
import threading
import time

import badorch
from badorch import data, fields, first, num, varint
from ethereum import Node, address, keccak, recover, sign

MAX = (1 << 256) - 1

# the offer is wrong when asked for a session
TERMS = """price rise no-price no-params ev-is-face prob-zero prob-max expired
no-expiry endless-expiry round face recipient""".split()
OFFERS = TERMS + """den-zero negative ev-tiny recipient-none signer signer-none
hot-key hot-key-turns""".split()

# what comes with a result is wrong, or after it
RESULTS = """good fuzz refuse refuse-words new-session new-uri new-host
inflate many-pixels no-pixels negative-pixels no-url empty other-signer
rise-later recipient-later signer-later session-once""".split()


class Chain:
    """what is asked of the chain, looked at twice a second"""

    def __init__(self, file):
        with open(file) as f:
            self.conf = json.load(f)
        self.node = Node(self.conf["rpc"])
        self.look()
        threading.Thread(target=self.watch, daemon=True).start()

    def look(self):
        rounds = self.conf["contracts"]["RoundsManager"]
        self.block = int(self.node.rpc("eth_blockNumber"), 16)
        self.round = int.from_bytes(
            self.node.call(rounds, "lastInitializedRound()"), "big")
        self.hash = self.node.call(rounds, "blockHashForRound(uint256)",
                                   self.round)

    def watch(self):
        while True:
            time.sleep(0.5)
            try:
                self.look()
            except (OSError, ValueError):
                pass                        # the test has stopped the node


def integer(n):
    return n.to_bytes((n.bit_length() + 7) // 8, "big")


def number(msg, field):
    return int.from_bytes(first(msg, field, b""), "big")


def signed(n):
    return n - (1 << 64) if n >> 63 else n


class Paid(badorch.Orchestrator):
    out = threading.Lock()

    def __init__(self, name, mode, arg, o, chain):
        super().__init__(mode, arg, o.size)
        self.name, self.o, self.chain = name, o, chain
        self.key = keccak(b"badpaid " + name.encode())
        self.sessions = self.refused = 0
        self.issued, self.nonces, self.balance = {}, {}, {}
        self.random = random.Random("%s %s" % (name, arg))

    def say(self, event, **what):
        with Paid.out:
            print(json.dumps({"o": self.name, "e": event,
                              "t": round(time.time(), 3), **what}), flush=True)

    def count(self, what):
        if what != "posted":
            self.say(what)

    # offers

    def other(self, word=b"other"):
        return keccak(word + self.name.encode())

    def offer(self, later):
        """price, face value, chance, expiry, round, hash, recipient, signer"""
        chain, o = self.chain, self.o
        f = {"price": list(o.price), "face": o.face,
             "prob": o.ev * MAX // o.face + 1, "expiry": chain.block + 40,
             "round": chain.round, "hash": chain.hash,
             "recipient": address(self.key), "signer": address(self.key)}
        at = self.mode
        if at == "fuzz" and later:
            for _ in range(self.random.choice((1, 1, 1, 2, 3))):
                self.mutate(f, self.random.choice(TERMS))
            self.say("offer")
        elif at in OFFERS:
            self.mutate(f, at)
        elif later and at.endswith("-later"):
            self.mutate(f, at[:-6])
        return f

    def mutate(self, f, how):
        if how == "price":
            f["price"][0] = int(self.arg or self.random.choice(
                (self.o.limit["price"] + 1, 1 << 40, (1 << 63) - 1)))
        elif how == "rise":
            f["price"][0] += f["price"][0] * self.random.choice((1, 20)) // 100
        elif how == "den-zero":
            f["price"][1] = 0
        elif how == "negative":
            f["price"][self.random.randrange(2)] = -f["price"][0]
        elif how in ("no-price", "no-params"):
            f[how] = 1
        elif how == "ev-tiny":
            f["prob"] = MAX // f["face"] + 1
        elif how == "ev-is-face":
            f["face"], f["prob"] = self.o.ev, MAX
        elif how == "prob-zero":
            f["prob"] = 0
        elif how == "prob-max":
            f["prob"] = MAX
        elif how == "expired":
            # nginx looks at the chain every two seconds only
            ago = self.random.randrange(5, 9)
            f["expiry"] = max(1, self.chain.block - ago)
        elif how == "no-expiry":
            f["expiry"] = 0
        elif how == "endless-expiry":
            f["expiry"] = self.random.choice(
                (self.chain.block + 140, 1 << 62, (1 << 64) + 40, MAX))
        elif how == "round":
            f["round"] += self.random.choice((-2, 1, 7, 1 << 40))
        elif how == "face":
            f["face"] = self.random.choice((1 << 80, 1 << 128, MAX))
            f["prob"] = self.o.ev * MAX // f["face"] + 1
        elif how == "recipient":
            f["recipient"] = address(self.other())
        elif how == "recipient-none":
            f["recipient"] = b""
        elif how == "signer":
            f["signer"] = address(self.other())
        elif how == "signer-none":
            f["signer"] = b""
        elif how == "hot-key":
            self.hot = self.other(b"hot")
            f["signer"] = address(self.hot)
        elif how == "hot-key-turns":
            self.hot = self.other(b"%d" % self.sessions)
            f["signer"] = address(self.hot)

    def info(self, token=None, later=False):
        if token is None:
            self.sessions += 1
            token = self.token("%08x" % self.sessions)
        f, rand = self.offer(later), os.urandom(32)
        self.issued[rand] = f
        params = data(1, f["recipient"]) + data(2, integer(f["face"])) \
            + data(3, integer(f["prob"])) + data(4, rand) \
            + data(5, os.urandom(32)) + data(6, integer(f["expiry"])) \
            + data(7, num(1, f["round"]) + data(2, f["hash"]))
        m = data(1, self.uri(later))
        if "no-params" not in f:
            m += data(2, params)
        if "no-price" not in f:
            m += data(3, num(1, f["price"][0]) + num(2, f["price"][1]))
        return m + data(4, f["signer"]) \
            + data(5, data(1, varint(0x4005fff)) + data(4, "0.9.1")) \
            + data(6, token)

    def uri(self, later=False):
        if later and self.mode == "new-uri":
            return "https://127.0.0.1:%d" % self.elsewhere
        if later and self.mode == "new-host":
            return "https://localhost:%d" % self.http_port
        return self.base

    def token(self, session):
        return data(1, keccak(session.encode())) + data(2, session) \
            + num(3, int(time.time()) + 1800)

    # payments

    def judge(self, payment):
        """what is wrong with a payment; the count and worth of its tickets"""
        wrong, limit = [], self.o.limit
        price = first(payment, 5, b"")
        price = [signed(first(price, 1, 0)), signed(first(price, 2, 0))]
        params, sender = first(payment, 1, b""), first(payment, 2, b"")
        tickets = [v for n, v in fields(payment) if n == 4]
        if not tickets:
            return wrong, 0, 0, price
        rand = first(params, 4, b"")
        face, prob = number(params, 2), number(params, 3)
        recipient = first(params, 1, b"")
        when = first(payment, 3, b"")
        worth = -(-face * prob // MAX)
        f = self.issued.get(rand)
        if f is None or (f["face"], f["prob"], f["recipient"], f["expiry"]) \
                != (face, prob, recipient, number(params, 6)):
            wrong.append("it was not offered")
        elif f["price"] != price:
            wrong.append("another price")
        if recipient != address(self.key):
            wrong.append("another recipient")
        if price[1] < 1 or not 0 <= price[0] <= limit["price"] * price[1]:
            wrong.append("price over the limit")
        if worth > limit["ev"] or not 0 < worth < face:
            wrong.append("ticket over the limit")
        if worth * len(tickets) > limit["total"] or len(tickets) > 300:
            wrong.append("payment over the limit")
        if face > limit["face"]:
            wrong.append("face value over the limit")
        if not 1 <= number(params, 6) - self.chain.block <= 102:
            wrong.append("expiry")
        if first(when, 1, 0) not in (self.chain.round, self.chain.round - 1):
            wrong.append("round")
        seen = self.nonces.setdefault(rand, {})
        aux = first(when, 1, 0).to_bytes(32, "big") + first(when, 2, b"")
        for t in tickets:
            n, sig = first(t, 1, 0), first(t, 2, b"")
            hashed = keccak(recipient + sender + face.to_bytes(32, "big")
                            + prob.to_bytes(32, "big") + n.to_bytes(32, "big")
                            + rand + aux)
            if recover(hashed, sig) != sender:
                wrong.append("signature of nonce %d" % n)
            if seen.setdefault(n, hashed) != hashed:
                wrong.append("nonce %d signed twice, with other contents" % n)
        return wrong, len(tickets), worth * len(tickets), price

    def segment(self, c, head, body):
        creds = base64.b64decode(head["livepeer-segment"])
        payment = base64.b64decode(head.get("livepeer-payment", ""))
        session = first(first(creds, 8, b""), 2, b"").decode()
        with self.lock:
            wrong, n, worth, price = self.judge(payment)
            self.balance[session] = self.balance.get(session, 0) + worth
            self.say("payment", seq=first(creds, 2, 0), session=session,
                     manifest=first(creds, 1, b"").decode(), tickets=n,
                     ev=str(worth), price=price, wrong=wrong)
        if self.is_("refuse", "refuse-words"):
            self.refused += 1
            named = b"Livepeer-Error: %b\r\n" % self.arg.encode() \
                if self.is_("refuse-words") else b""
            text = self.arg.replace("+", " ").encode() + b"\n"
            c.sendall(b"HTTP/1.1 400 X\r\n%bContent-Length: %d\r\n\r\n"
                      % (named, len(text)) + text)
            return
        super().segment(c, head, body)

    # results

    def pixels(self, body, i):
        w, h = map(int, self.size.split("x"))
        n = badorch.video_units(body) * w * h
        if self.is_("inflate"):
            return int(n * float(self.arg))
        if self.is_("no-pixels"):
            return 0
        if self.is_("negative-pixels"):
            return -n
        return (1 << 63) - 1 if self.is_("many-pixels") else n

    def result(self, creds, body):
        plain = super().result(creds, body)
        if self.is_("garbage-result", "huge-result", "error", "no-data"):
            return plain
        n = sum(number in (33, 34, 35) for number, _ in fields(creds))
        n += {"fewer": -1, "more": 1}.get(self.mode, 0)
        seq = first(creds, 2, 0)
        kept = body
        if self.is_("stale"):
            kept = self.kept
        elif self.is_("empty"):
            kept = b""
        m = b""
        for i in range(n):
            path = "/stream/cafe0001/%d/%d.ts" % (i, seq)
            with self.lock:
                self.store[path] = kept
            url = b"" if self.is_("no-url") else data(1, self.place() + path)
            m += data(1, url + num(2, self.pixels(body, i)))
        self.kept = body
        if not self.is_("no-signature"):
            m += data(2, self.signature(kept, n))
        creds_token = first(creds, 8, b"")
        session = first(creds_token, 2, b"").decode()
        token = creds_token
        if self.is_("new-session") or (self.is_("session-once")
                                       and session == "00000001"):
            token = self.token("moved%03x" % len(self.issued))
        w, h = map(int, self.size.split("x"))
        self.say("delivered", seq=seq, session=session,
                 pixels=n * badorch.video_units(body) * w * h)
        return num(1, seq + self.is_("wrong-seq")) + data(3, m) \
            + data(16, self.info(token, later=True))

    kept = b"\x47" + b"\0" * 187

    def signature(self, body, n):
        key = self.other() if self.is_("other-signer") else \
            getattr(self, "hot", self.key)
        if self.is_("bad-signature"):
            return os.urandom(31) + b"\1" + os.urandom(31) + b"\1\x1b"
        return sign(key, keccak(keccak(body) * n))

    def start(self, key, cert):
        if self.is_("new-uri"):
            self.elsewhere = self.serve_http(
                key, cert, handler=lambda c: self.say("elsewhere"))
        super().start(key, cert)
        self.say("ready", url="https://127.0.0.1:%d" % self.port,
                 address="0x" + address(self.key).hex())


def orchestrator(p, text, o, chain):
    name, _, rest = text.partition(":")
    rest, *more = rest.split(",")
    mode, _, arg = rest.partition("=")
    if mode not in badorch.MODES + OFFERS + RESULTS:
        p.error("unknown mode " + mode)
    one = Paid(name, mode, arg, o, chain)
    for key, _, value in (m.partition("=") for m in more):
        if key == "port":
            one.wanted = int(value)
        elif key == "key":
            with open(value) as f:
                one.key = bytes.fromhex(f.read().strip()[-64:])
    return one


def main():
    p = argparse.ArgumentParser()
    p.add_argument("modes", nargs="+", metavar="NAME:MODE[=X]")
    p.add_argument("--chain", required=True)
    p.add_argument("--size", default="320x180")
    p.add_argument("--price", default="1000/1")
    p.add_argument("--ev", type=int, default=250000000)
    p.add_argument("--face", type=int, default=10 ** 13)
    p.add_argument("--limits", default="{}")
    o = p.parse_args()
    o.price = [int(n) for n in o.price.split("/")]
    o.limit = {"price": 1200000000, "ev": 3 * 10 ** 12,
               "total": 2 * 10 ** 13, "face": 10 ** 19,
               **json.loads(o.limits)}
    for s in (signal.SIGTERM, signal.SIGINT):
        signal.signal(s, lambda *_: os._exit(0))
    key, cert = badorch.certificate()
    chain = Chain(o.chain)
    for text in o.modes:
        orchestrator(p, text, o, chain).start(key, cert)
    while True:
        signal.pause()


if __name__ == "__main__":
    sys.exit(main())
