"""Tickets in bulk: a broadcaster that does nothing but pay.

A Wallet pays with one key in as many sessions as it is told, and writes down
what it sent and what was answered, a JSON line each, before it goes on: the
list against which a killed orchestrator is audited. Tickets are hashed as
livepeer_payer has it. Reads one JSON command a line, as livepeer_client does,
whose commands it knows too:

    {"cmd": "load", "key": "..", "journal": FILE, "threads": 2, "tickets": 3}
    {"cmd": "sums"}                 what was sent and answered so far
    {"cmd": "stop"}                 the same, when all threads have ended
    {"cmd": "pay", "key": "..", "journal": FILE, "count": 40, "tickets": 4}
    {"cmd": "send", "key": ".."}    a ticket on what "info" has answered
"""

import base64
import http.client
import json
import random
import socket
import sys
import threading
import time

sys.dont_write_bytecode = True
import livepeer_client as lp                                     # noqa: E402
import livepeer_payer as payer                                   # noqa: E402


def number(data):
    return int.from_bytes(data, "big")


def payment(pb, info, key, nonces):
    """A Payment of one ticket for each nonce, and the tickets' hashes."""
    params, account = info.ticket_params, payer.Account(key)
    pay = pb.Payment(sender=account.address)
    pay.ticket_params.CopyFrom(params)
    pay.ticket_params.ClearField("expiration_params")
    pay.expiration_params.CopyFrom(params.expiration_params)
    pay.expected_price.CopyFrom(info.price_info)
    hashes = []
    for nonce in nonces:
        hashes.append(payer.ticket_hash(params, params.expiration_params,
                                        account.address, nonce))
        pay.ticket_sender_params.add(sender_nonce=nonce,
                                     sig=account.sign(hashes[-1]))
    return pay, hashes


class Journal:
    """What was sent and what came back; lines are whole, in order."""

    def __init__(self, path):
        self.file = open(path, "a", buffering=1)
        self.lock = threading.Lock()
        self.sums = {"payments": 0, "tickets": 0, "ok": 0, "ok_tickets": 0,
                     "refused": 0, "lost": 0, "replays": 0,
                     "replays_taken": 0, "segments": 0}
        self.statuses = {}

    def write(self, **line):
        with self.lock:
            self.file.write(json.dumps(dict(line, t=time.time())) + "\n")

    def add(self, **more):
        with self.lock:
            for name, n in more.items():
                self.sums[name] += n

    def answered(self, status, body):
        with self.lock:
            text = "%d %s" % (status, body.strip()[:60]) \
                if status != 200 else "200"
            self.statuses[text] = self.statuses.get(text, 0) + 1


class Session:
    """One token: parameters of the last answer, one connection."""

    def __init__(self, client, key, journal, seed, profiles):
        self.client = client
        self.pb = client.pb
        self.key = key
        self.journal = journal
        self.random = random.Random(seed)
        self.profiles = profiles
        self.info = None
        self.conn = None
        self.nonce = 0
        self.seq = 0
        self.last = None

    def close(self):
        if self.conn:
            self.conn.close()
        self.conn = None

    def discover(self):
        pb = self.pb
        self.close()
        address = lp.address(self.key)
        req = pb.OrchestratorRequest(address=address)
        req.sig = lp.eth_sign(self.key,
                              lp.keccak(lp.checksummed(address).encode()))
        raw, err = self.client.call("/net.Orchestrator/GetOrchestrator", req)
        if err:
            return err
        self.take(pb.OrchestratorInfo.FromString(raw))
        return None

    def take(self, info):
        if not info.HasField("ticket_params"):
            self.info = None              # none to be had now: ask again
            return
        fresh = info.ticket_params.recipient_rand_hash
        if not self.info or fresh != \
                self.info.ticket_params.recipient_rand_hash:
            self.nonce = 0
        self.info = info

    def segment_header(self, body):
        self.seq += 1
        c = {"profiles": self.profiles, "seq": self.seq, "manifest": "chaos"}
        view = lp.Client.__new__(lp.Client)       # of this session's token
        view.pb, view.info = self.pb, self.info
        seg = view.seg_data(c, body)
        seg.sig = lp.eth_sign(self.key, lp.keccak(
            lp.flatten(seg, [p[0] for p in self.profiles])))
        return base64.b64encode(seg.SerializeToString()).decode()

    def post(self, path, headers, body):
        if self.conn is None:
            self.conn = http.client.HTTPSConnection(
                self.client.url.hostname, self.client.url.port,
                context=self.client.tls, timeout=30)
        try:
            self.conn.request("POST", path, body, headers)
            r = self.conn.getresponse()
            return r.status, r.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def pay(self, ntickets, segment=False):
        """One payment; (status, text), 0: no answer came."""
        j = self.journal
        body = b"segment" if segment else b""
        nonces = range(self.nonce + 1, self.nonce + 1 + ntickets)
        self.nonce += ntickets
        pay, hashes = payment(self.pb, self.info, self.key, nonces)
        headers = {"Livepeer-Segment": self.segment_header(body),
                   "Livepeer-Payment": base64.b64encode(
                       pay.SerializeToString()).decode()}
        p = pay.ticket_params
        j.write(e="sent", tickets=[h.hex() for h in hashes],
                rand_hash=p.recipient_rand_hash.hex(),
                face_value=number(p.face_value),
                win_prob="%x" % number(p.win_prob),
                expiration=number(p.expiration_block))
        j.add(payments=1, tickets=ntickets, segments=int(segment))
        status, text = self.answer(headers, body, segment)
        if status == 200:
            j.write(e="ok", tickets=[h.hex() for h in hashes])
            j.add(ok=1, ok_tickets=ntickets)
            self.last = headers
        elif status:
            j.add(refused=1)
        else:
            j.add(lost=1)
        return status, text

    def answer(self, headers, body, segment):
        try:
            status, data = self.post("/segment" if segment else "/payment",
                                     headers, body)
        except (OSError, http.client.HTTPException) as e:
            return 0, repr(e)
        if status != 200:
            self.journal.answered(status, data.decode("latin-1"))
            return status, data.decode("latin-1")
        self.journal.answered(200, "")
        kind = self.pb.TranscodeResult if segment else self.pb.PaymentResult
        self.take(kind.FromString(data).info)
        return 200, ""

    def replay(self):
        """The last payment that was taken, once more: must be refused."""
        if not self.last:
            return
        status, _ = self.post("/payment", self.last, b"")
        self.journal.add(replays=1, replays_taken=int(status == 200))
        if status == 200:
            self.journal.write(e="replayed")

    def refused(self, status, text):
        """After a refusal: fresh parameters, or a while of nothing."""
        if status in (400, 403) and "reserve" not in text:
            self.info = None
        else:
            time.sleep(0.05)
            self.info = None


class Wallet(lp.Client):
    PROFILES = [["240p", 426, 240, 600000, 30]]

    def __init__(self, url, proto):
        super().__init__(url, proto)
        self.threads = []
        self.stopping = threading.Event()
        self.journal = None

    def begin(self, c, n=0):
        return Session(self, bytes.fromhex(c["key"]), self.journal,
                       "%s.%d" % (c.get("seed", 1), n),
                       c.get("profiles", self.PROFILES))

    def open(self, c):
        if "journal" in c and (not self.journal
                               or self.journal.file.name != c["journal"]):
            self.journal = Journal(c["journal"])
        if not self.journal:
            self.journal = Journal("/dev/null")

    def sums(self):
        j = self.journal
        with j.lock:
            return dict(j.sums, statuses=dict(j.statuses))

    def work(self, c, n):
        s = self.begin(c, n)
        while not self.stopping.is_set():
            try:
                if s.info is None:
                    err = s.discover()
                    if err:
                        self.journal.answered(err["grpc"], err["text"] or "")
                        self.stopping.wait(0.05)
                        continue
                r = s.random.random()
                if s.last and r < c.get("replays", 0.1):
                    s.replay()
                status, text = s.pay(
                    s.random.randint(1, c.get("tickets", 3)),
                    segment=s.random.random() < c.get("segments", 0))
                if status != 200:
                    s.refused(status, text)
                if c.get("pause"):
                    self.stopping.wait(c["pause"])
            except (OSError, http.client.HTTPException):
                s.info = None
                self.stopping.wait(0.03)
        s.close()

    def cmd_load(self, c):
        self.open(c)
        self.stopping.clear()
        for n in range(c.get("threads", 2)):
            t = threading.Thread(target=self.work, args=(c, n), daemon=True)
            t.start()
            self.threads.append(t)
        return {}

    def cmd_sums(self, c):
        return self.sums()

    def cmd_stop(self, c):
        self.stopping.set()
        for t in self.threads:
            t.join(60)
        self.threads = []
        return self.sums() if self.journal else {}

    def cmd_pay(self, c):
        """Until so many tickets were answered 200, or the time is over."""
        self.open(c)
        s = self.begin(c)
        until = time.time() + c.get("seconds", 60)
        taken, status, text = 0, 0, ""
        while taken < c["count"] and time.time() < until:
            try:
                if s.info is None:
                    err = s.discover()
                    if err:
                        status, text = 0, err["text"]
                        if c.get("once"):
                            break
                        time.sleep(0.1)
                        continue
                n = min(c.get("tickets", 4), c["count"] - taken)
                status, text = s.pay(n, segment=bool(c.get("segment")))
                if status == 200:
                    taken += n
                elif c.get("once"):
                    break
                else:
                    s.refused(status, text)
            except (OSError, http.client.HTTPException) as e:
                s.info, text = None, repr(e)
                time.sleep(0.05)
        s.close()
        return dict(self.sums(), taken=taken, status=status, text=text)

    def cmd_send(self, c):
        key = bytes.fromhex(c["key"])
        pay, hashes = payment(self.pb, self.info, key, [c.get("nonce", 1)])
        if self.journal:
            self.journal.write(e="sent", tickets=[h.hex() for h in hashes])
        return self.cmd_payment(dict(
            c, profiles=self.PROFILES, payment_raw=base64.b64encode(
                pay.SerializeToString()).decode()))


def main():
    wallet = Wallet(sys.argv[1], sys.argv[2])
    socket.setdefaulttimeout(30)
    for line in sys.stdin:
        try:
            answer = wallet.run(json.loads(line))
        except Exception as e:
            answer = {"exception": repr(e)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
