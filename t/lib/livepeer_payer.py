"""A broadcaster that pays: tickets made of what an orchestrator offered.

As a module, for tests that are written in Python:

    payer = Payer(url, "common/net/lp_rpc.proto")
    payer.offer("main", Account(key))             # GetOrchestrator
    r = payer.post("main", body, profiles, tickets=3)
    r["status"], r["error"], r["urls"]

As a program it takes the commands of livepeer_client.py, one JSON line each,
and these more: "many", "strangers", "draws". What "segment", "payment" and
"headers" have in addition bends the payment: see payment(). An offer lives
under a name ("offer": NAME, default "main"); what a reply brings replaces it
unless the command says "keep".
"""

import collections
import copy
import os
import queue
import threading
import time

import grpc

import livepeer_client as lp
from livepeer_client import keccak

Ticket = collections.namedtuple("Ticket", "nonce sig")

WORD = 1 << 256


class Account:
    """A key that pays."""

    def __init__(self, key):
        self.key = bytes.fromhex(key) if isinstance(key, str) else key
        self.address = lp.address(self.key)

    def sign(self, m, high_s=False):
        return lp.eth_sign(self.key, m, high_s)


class Offer:
    """What an orchestrator told an account: price, parameters, token."""

    def __init__(self, account, info):
        self.account = account
        self.info = info
        self.nonce = 0

    def take(self, info):
        """the parameters of a reply; what it leaves out stays"""
        if not info.HasField("ticket_params"):
            return
        token = self.info.auth_token
        self.info = copy.deepcopy(info)
        if not info.HasField("auth_token"):
            self.info.auth_token.CopyFrom(token)
        self.nonce = 0

    def next(self, n):
        first = self.nonce + 1
        self.nonce += n
        return list(range(first, first + n))

    def ev(self):
        """of a ticket, in wei, rounded down"""
        p = self.info.ticket_params
        return int.from_bytes(p.face_value, "big") \
            * int.from_bytes(p.win_prob, "big") // (WORD - 1)


def word(value):
    """as a lenient reader would take it: the last 32 bytes"""
    if isinstance(value, bytes):
        value = int.from_bytes(value, "big")
    return (abs(value) % WORD).to_bytes(32, "big")


def last(data, n):
    return data[-n:].rjust(n, b"\0")


def aux_data(exp):
    block_hash = last(exp.creation_round_block_hash, 32)
    if exp.creation_round == 0 and block_hash == bytes(32):
        return b""
    return word(exp.creation_round) + block_hash


def ticket_hash(params, exp, sender, nonce):
    """wire.md 7.2; fields of a wrong width as a lenient reader takes them"""
    return keccak(last(params.recipient, 20) + last(sender, 20)
                  + word(params.face_value) + word(params.win_prob)
                  + word(nonce) + last(params.recipient_rand_hash, 32)
                  + aux_data(exp))


def draw(sig, rand):
    return int.from_bytes(keccak(sig + rand), "big")


def bend_sig(sig, how, other):
    """a signature in another shape"""
    if how == "v0":
        return sig[:64] + bytes([sig[64] - 27])
    if how == "v other":
        return sig[:64] + bytes([55 - sig[64]])
    if how == "v 29":
        return sig[:64] + b"\x1d"
    if how == "v 37":
        return sig[:64] + bytes([sig[64] + 10])
    if how == "64 bytes":
        return sig[:64]
    if how == "66 bytes":
        return sig + b"\0"
    if how == "empty":
        return b""
    if how == "zero":
        return bytes(65)
    if how == "r 0":
        return bytes(32) + sig[32:]
    if how == "s 0":
        return sig[:32] + bytes(32) + sig[64:]
    if how == "s n":
        return sig[:32] + lp.N.to_bytes(32, "big") + sig[64:]
    if how == "r n":
        return lp.N.to_bytes(32, "big") + sig[32:]
    if how == "another's":
        return other
    raise ValueError(how)


def tickets(params, exp, account, nonces, sender=None, how=None):
    """Signed tickets of one set of parameters. how: of bend_sig, or "high s",
    "no prefix" (the hash itself is signed), "text" (its hex digits are)"""
    out = []
    for nonce in nonces:
        m = ticket_hash(params, exp, sender or account.address, nonce)
        if how == "keccak":
            m = keccak(m)
        sig = account.sign(m, how == "high s")
        if how and how not in ("high s", "keccak"):
            sig = bend_sig(sig, how, Account(keccak(b"other")).sign(m))
        out.append(Ticket(nonce, sig))
    return out


# --- protobuf under the hood: what no library writes

def varint(n):
    out = b""
    n &= (1 << 64) - 1
    while n > 0x7f:
        out += bytes([n & 0x7f | 0x80])
        n >>= 7
    return out + bytes([n])


def read_varint(data, i):
    value = shift = 0
    while True:
        value |= (data[i] & 0x7f) << shift
        shift += 7
        i += 1
        if data[i - 1] < 0x80:
            return value, i


def graft(message, path, extra):
    """bytes put behind the content of the sub-message at path, as "1.7";
    "" is the message itself"""
    if path == "":
        return message + extra
    head, _, rest = path.partition(".")
    out, i = b"", 0
    while i < len(message):
        start = i
        key, i = read_varint(message, i)
        if key & 7 == 0:
            _, i = read_varint(message, i)
        else:
            n, i = read_varint(message, i)
            i += n
            if key >> 3 == int(head):
                inner = graft(message[i - n:i], rest, extra)
                out += varint(key) + varint(len(inner)) + inner
                continue
        out += message[start:i]
    return out


def put(message, path, value):
    """a field by its dotted name; {"hex": ..} are bytes, None clears"""
    *way, name = path.split(".")
    for step in way:
        message = getattr(message, step)
    if value is None:
        message.ClearField(name)
        return
    if isinstance(value, dict):
        value = bytes.fromhex(value["hex"])
    setattr(message, name, value)


class Payer(lp.Client):
    def __init__(self, url, proto):
        super().__init__(url, proto)
        self.offers = {}
        self.accounts = {}

    def account(self, key):
        if key not in self.accounts:
            self.accounts[key] = Account(key)
        return self.accounts[key]

    # for tests in Python

    def offer(self, name, account):
        r = self.cmd_info({"offer": name, "key": account.key.hex()})
        return r if r["grpc"] else self.offers[name]

    def post(self, name, body, profiles, tickets=0, **how):
        key = self.offers[name].account.key.hex()
        return self.cmd_segment(dict(how, offer=name, key=key, raw_body=body,
                                     profiles=profiles, tickets=tickets))

    # what livepeer_client asks for

    def session(self, c):
        return self.offers[c.get("offer", "main")].info

    def keep(self, c, info):
        self.offers[c.get("offer", "main")] = \
            Offer(self.account(c["key"]) if c.get("key") else None, info)

    def took(self, c, info):
        if not c.get("keep"):
            self.offers[c.get("offer", "main")].take(info)

    def describe(self, info):
        p, exp = info.ticket_params, info.ticket_params.expiration_params
        return dict(super().describe(info), expiration=info.auth_token
                    .expiration, price_info=[
            str(info.price_info.price_per_unit),
            str(info.price_info.pixels_per_unit)], ticket_params={
                "recipient": p.recipient.hex(),
                "face_value": str(int.from_bytes(p.face_value, "big")),
                "win_prob": str(int.from_bytes(p.win_prob, "big")),
                "recipient_rand_hash": p.recipient_rand_hash.hex(),
                "seed": p.seed.hex(),
                "expiration_block": int.from_bytes(p.expiration_block, "big"),
                "round": exp.creation_round,
                "round_hash": exp.creation_round_block_hash.hex()})

    def payment(self, c):
        """The Payment of a request, honest unless bent.

        tickets    how many, with the next nonces of the offer; or
        nonces     these
        with       the name of an offer whose parameters are used instead
        price      the name of an offer whose price is expected instead
        params     fields of the parameters, before the tickets are signed
        pay        fields of the payment, afterwards: {"expected_price": null,
                   "ticket_params.seed": {"hex": ".."}, ..}
        sig        the shape of each signature: see tickets()
        graft      raw bytes behind the content of a (sub-)message
        wide       added to each nonce, as it is written only
        """
        if not c.get("key"):
            return b""
        account = self.account(c["key"])
        offer = self.offers[c.get("with", c.get("offer", "main"))]
        priced = self.offers[c["price"]] if "price" in c else offer
        pay = self.pb.Payment(sender=account.address)
        pay.expected_price.CopyFrom(priced.info.price_info)

        nonces = c.get("nonces") or offer.next(c.get("tickets", 0))
        if nonces or "params" in c:
            given = copy.deepcopy(offer.info.ticket_params)
            for name, value in c.get("params", {}).items():
                put(given, name, value)
            pay.expiration_params.CopyFrom(given.expiration_params)
            pay.ticket_params.CopyFrom(given)
            pay.ticket_params.ClearField("expiration_params")
            sender = bytes.fromhex(c["sender"]) if "sender" in c else None
            signer = Account(c["ticket_key"]) if "ticket_key" in c else account
            for t in tickets(given, given.expiration_params, signer, nonces,
                             sender or account.address, c.get("sig")):
                pay.ticket_sender_params.add(sender_nonce=t.nonce, sig=t.sig)

        for path, value in c.get("pay", {}).items():
            put(pay, path, value)
        raw = self.serialize(pay, c.get("wide", 0))
        for path, extra in c.get("graft", {}).items():
            raw = graft(raw, path, bytes.fromhex(extra))
        return raw

    @staticmethod
    def serialize(pay, wide):
        if not wide:
            return pay.SerializeToString()
        params = list(pay.ticket_sender_params)
        pay.ClearField("ticket_sender_params")
        out = pay.SerializeToString()
        for t in params:
            one = b"\x08" + varint(t.sender_nonce + wide) \
                + b"\x12" + varint(len(t.sig)) + t.sig
            out += b"\x22" + varint(len(one)) + one
        return out

    # --- many at once

    def cmd_many(self, c):
        """n posts of one segment, each on its own connection, all sent at the
        same moment; tickets only in the first with_tickets of them. repeat:
        the very same headers each time"""
        what, answers = c["what"], queue.Queue()
        body = what.get("body", "segment").encode()
        headers, same = [], None
        for i in range(c["n"]):
            one = dict(what, seq=c.get("seq", 1) + i, keep=1)
            if same is None or not c.get("repeat"):
                same = self.headers(one, body)
            headers.append(same)
        path = c.get("path", "/segment")
        gate = threading.Barrier(c["n"])

        def post(h):
            gate.wait()
            try:
                r = self.request("POST", path, h, body)
            except OSError as e:
                r = {"status": 0, "data": repr(e).encode(), "headers": {}}
            answers.put(r)

        threads = [threading.Thread(target=post, args=(h,)) for h in headers]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        out = []
        while not answers.empty():
            r = answers.get()
            one = {"status": r["status"],
                   "error": r["headers"].get("livepeer-error", "")}
            if r["status"] != 200:
                one["body"] = r["data"].decode("latin-1").strip()
            elif path == "/segment":
                one["body"] = self.pb.TranscodeResult.FromString(
                    r["data"]).error
            out.append(one)
        return {"answers": out}

    # --- those that nobody knows

    def cmd_strangers(self, c):
        """GetOrchestrator of n fresh addresses that sign for themselves, over
        one connection; what was answered, counted. One nonce signs for all:
        who throws a key away need not keep it secret"""
        pb, counts = self.pb, collections.Counter()
        d = int.from_bytes(os.urandom(31), "big")
        q = lp._mul(d, lp.G)
        k = int.from_bytes(os.urandom(31), "big")
        x, y = lp._mul(k, lp.G)
        inv, odd = pow(k, -1, lp.N), y & 1
        done = threading.Semaphore(c.get("window", 64))

        def answered(call):
            counts[call.details() if call.exception() else "offered"] += 1
            done.release()

        begun = time.time()
        with self.channel() as channel:
            stub = channel.unary_unary("/net.Orchestrator/GetOrchestrator")
            for i in range(c["n"]):
                d, q = d + 1, lp._add(q, lp.G)
                addr = keccak(q[0].to_bytes(32, "big")
                              + q[1].to_bytes(32, "big"))[12:]
                z = int.from_bytes(lp._digest(keccak(
                    lp.checksummed(addr).encode())), "big")
                s, v = inv * (z + x * d) % lp.N, odd
                if s > lp.N // 2:
                    s, v = lp.N - s, v ^ 1
                req = pb.OrchestratorRequest(
                    address=addr, sig=x.to_bytes(32, "big")
                    + s.to_bytes(32, "big") + bytes([27 + v]))
                done.acquire()
                stub.future(req.SerializeToString(),
                            timeout=20).add_done_callback(answered)
            for _ in range(c.get("window", 64)):
                done.acquire()
        return {"seconds": time.time() - begun, "counts": dict(counts)}

    # --- one who knows the number behind a commitment

    def cmd_draws(self, c):
        """the n next nonces of the offer whose tickets win, or lose, by the
        number that was leaked"""
        offer = self.offers[c.get("offer", "main")]
        p, rand = offer.info.ticket_params, bytes.fromhex(c["rand"])
        prob, out = int.from_bytes(p.win_prob, "big"), []
        while len(out) < c["n"]:
            t, = tickets(p, p.expiration_params, self.account(c["key"]),
                         offer.next(1))
            if (draw(t.sig, rand) < prob) == bool(c["win"]):
                out.append(t.nonce)
        return {"nonces": out}

    # --- one who is paid by itself

    def cmd_redeem(self, c):
        """calldata of redeemWinningTicket for a ticket of the account that
        always wins: recipient, face_value, and a number of its own; the round
        is that of the offer"""
        exp = self.offers[c.get("offer", "main")].info.ticket_params \
            .expiration_params
        rand = os.urandom(32)
        p = self.pb.TicketParams(
            recipient=bytes.fromhex(c["recipient"]),
            face_value=word(int(c["face_value"])), win_prob=b"\xff" * 32,
            recipient_rand_hash=keccak(rand))
        t, = tickets(p, exp, self.account(c["key"]), [1])
        words = [word(0x60), word(0x1a0), rand, p.recipient.rjust(32, b"\0"),
                 self.account(c["key"]).address.rjust(32, b"\0"),
                 p.face_value, p.win_prob, word(t.nonce),
                 p.recipient_rand_hash, word(0xe0), word(64), aux_data(exp),
                 word(65), t.sig + bytes(31)]
        return {"data": "0xec8b3cb6" + b"".join(words).hex()}

    # --- the same request from elsewhere

    def cmd_request(self, c):
        """a GetOrchestrator request as one gRPC message, in hex"""
        account = self.account(c["key"])
        req = self.pb.OrchestratorRequest(
            address=account.address, sig=account.sign(keccak(
                lp.checksummed(account.address).encode())))
        raw = req.SerializeToString()
        return {"hex": (b"\0" + len(raw).to_bytes(4, "big") + raw).hex()}


if __name__ == "__main__":
    lp.main(Payer)
