#!/usr/bin/python3
"""A node that lies, loses and dies: JSON-RPC between a client and a real node.

    badnode.py NODE-URL [--log FILE] [--db WINNERS.DB --account ADDRESS]

listens on a free port of loopback, says "badnode ready on URL" and passes on
what it is asked, but for the faults that are set. POST /control takes a JSON
object: names set a fault, null takes it away, "clear": true takes all; the
answer has the faults, the requests of each method, what was held back and what
the judge found. A number is how many times a fault strikes, true is always.

    drop        eth_sendRawTransaction is swallowed, the hash is right
    delay       seconds until a transaction is passed on; the hash at once
    duplicate   a transaction is passed on twice, and again a second later
    reorder     so many transactions are kept and passed on in reverse order,
                after 2 s at the latest
    error       {"methods": [..] or "*", "message": "..", "times": 3}, or
                "messages", one after the other
    silent      methods, or "*": no answer while this is set
    dead        connections are reset
    gas         factor on gas prices, tips and base fees
    back        blocks that the head is behind
    stuck       the head stays the one of this moment
    chain_id    another one
    deposit     factor on the deposit of every sender
    used        true: usedTickets says yes to all; false: no to all
    receipts    "mined": a receipt of status 1 for what is not mined;
                "none": no receipt of anything
    logs        "none": no log of anything

With --db it is a judge too, at the moment a request arrives: no number behind
a commitment may be in a request before the commitment is in the table of the
revealed ones (T-04), and no ticket may be in transactions of two nonces while
the first nonce is free on chain (T-76). --log has every request, a JSON line
each: {"n", "t", "method", "params", "fault"}.
"""

import argparse
import http.client
import json
import socket
import sqlite3
import struct
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SEND = "eth_sendRawTransaction"
HEADS = ("eth_blockNumber", "eth_getBlockByNumber")
PRICES = ("eth_gasPrice", "eth_maxPriorityFeePerGas")


def hexed(value):
    return "0x%x" % value


class Node:
    """The real one; a connection for each thread."""

    def __init__(self, url):
        self.url = urllib.parse.urlsplit(url)
        self.local = threading.local()

    def post(self, body):
        for attempt in (1, 2):
            conn = getattr(self.local, "conn", None)
            if conn is None:
                conn = http.client.HTTPConnection(
                    self.url.hostname, self.url.port, timeout=30)
                self.local.conn = conn
            try:
                conn.request("POST", self.url.path or "/", body,
                             {"Content-Type": "application/json"})
                return conn.getresponse().read()
            except (OSError, http.client.HTTPException):
                conn.close()
                self.local.conn = None
                if attempt == 2:
                    raise

    def ask(self, method, *params):
        answer = json.loads(self.post(json.dumps(
            {"jsonrpc": "2.0", "id": 1, "method": method,
             "params": params}).encode()))
        return answer.get("result")


def rlp(data, at=0):
    """One item: bytes or a list, and where it ends."""
    first = data[at]
    if first < 0x80:
        return data[at:at + 1], at + 1
    size, start = first - (0xc0 if first >= 0xc0 else 0x80), at + 1
    if size > 55:
        start += size - 55
        size = int.from_bytes(data[at + 1:start], "big")
    if first < 0xc0:
        return data[start:start + size], start + size
    items, at = [], start
    while at < start + size:
        item, at = rlp(data, at)
        items.append(item)
    return items, at


class Judge:
    """What must never be seen on the wire, looked for as it arrives."""

    def __init__(self, node, db, account):
        self.node = node
        self.db = db
        self.account = account
        self.lock = threading.Lock()
        self.found = []
        self.sent = {}                    # ticket: {nonce: how often}
        self.txs = {}                     # hash of raw: (nonce, tickets)

    def rows(self, sql):
        try:
            db = sqlite3.connect("file:%s?mode=ro" % self.db, uri=True,
                                 timeout=5)
            try:
                return db.execute(sql).fetchall()
            finally:
                db.close()
        except sqlite3.Error:
            return []

    def look(self, method, body, params):
        if self.db is None or len(body) < 600:
            return
        text = body.decode("latin-1").lower()
        for rand, in self.rows(
                "SELECT lower(hex(rand)) FROM winners WHERE rand_hash NOT IN "
                "(SELECT hash FROM revealed)"):
            if rand in text:
                self.find("T-04: %s has the number behind a commitment that "
                          "is not revealed" % method)
        if method == SEND:
            self.look_tx(params[0][2:].lower())

    def look_tx(self, raw):
        fields, _ = rlp(bytes.fromhex(raw), 1)
        nonce = int.from_bytes(fields[1], "big")
        data = fields[7].hex()
        words = {data[i:i + 64] for i in range(8, len(data), 64)}
        tickets = [t for t, rand, sig in self.rows(
            "SELECT lower(hex(hash)), lower(hex(rand)), lower(hex(sig)) "
            "FROM winners") if rand in words and sig in data]
        mined = None
        with self.lock:
            self.txs[raw] = (nonce, tickets)
            for t in tickets:
                nonces = self.sent.setdefault(t, {})
                others = [n for n in nonces if n != nonce]
                if others and nonce not in nonces:
                    if mined is None:
                        mined = int(self.node.ask("eth_getTransactionCount",
                                                  self.account, "latest"), 16)
                    free = [n for n in others if n >= mined]
                    if free:
                        self.find("T-76: ticket %s.. is sent with nonce %d "
                                  "while nonce %d is free" % (t[:12], nonce,
                                                              free[0]))
                nonces[nonce] = nonces.get(nonce, 0) + 1

    def find(self, sentence):
        self.found.append(sentence)

    def report(self):
        with self.lock:
            return {"found": self.found[:20], "nfound": len(self.found),
                    "tickets": len(self.sent), "transactions": len(self.txs),
                    "renonced": sum(len(n) > 1 for n in self.sent.values())}


class Liar:
    """Faults, and what they make of a question and its answer."""

    def __init__(self, node, judge, log):
        self.node = node
        self.judge = judge
        self.log = log
        self.lock = threading.Lock()
        self.faults = {}
        self.counts = {}
        self.struck = {}
        self.kept = []
        self.frozen = None
        self.n = 0
        self.selectors = {
            node.ask("web3_sha3", "0x" + s.encode().hex())[:10]: name
            for name, s in (("deposit", "getSenderInfo(address)"),
                            ("used", "usedTickets(bytes32)"))}

    # is a fault set, and is it one of the times it strikes

    def strikes(self, name):
        with self.lock:
            value = self.faults.get(name)
            if value is None or value is False or value == 0:
                return False
            if isinstance(value, int) and value is not True:
                self.faults[name] = value - 1
            self.struck[name] = self.struck.get(name, 0) + 1
            return True

    def control(self, wanted):
        if wanted.pop("clear", False):
            with self.lock:
                self.faults = {}
        if "stuck" in wanted:
            self.frozen = self.node.ask("eth_blockNumber")
        with self.lock:
            for name, value in wanted.items():
                if value is None:
                    self.faults.pop(name, None)
                else:
                    self.faults[name] = value
        if not self.faults.get("reorder"):
            self.release()
        with self.lock:
            return {"faults": self.faults, "counts": self.counts,
                    "struck": self.struck, "kept": len(self.kept),
                    "judge": self.judge.report()}

    def write(self, method, params, fault):
        with self.lock:
            self.n += 1
            self.counts[method] = self.counts.get(method, 0) + 1
            if self.log:
                self.log.write(json.dumps(
                    {"n": self.n, "t": time.time(), "method": method,
                     "params": params, "fault": fault}) + "\n")

    # transactions

    def pass_on(self, *raws):
        for raw in raws:
            try:
                self.node.ask(SEND, raw)
            except (OSError, http.client.HTTPException, ValueError):
                pass

    def release(self):
        with self.lock:
            kept, self.kept = self.kept[::-1], []
        if kept:
            threading.Thread(target=self.pass_on, args=kept,
                             daemon=True).start()

    def later(self, seconds, *raws):
        t = threading.Timer(seconds, self.pass_on, raws)
        t.daemon = True
        t.start()

    def send(self, raw):
        """The fault's name when the answer is to be the hash alone."""
        if self.strikes("drop"):
            return "drop"
        with self.lock:
            delay = self.faults.get("delay")
            reorder = self.faults.get("reorder")
        if reorder:
            with self.lock:
                self.kept.append(raw)
                full = len(self.kept) >= reorder
                self.struck["reorder"] = self.struck.get("reorder", 0) + 1
            if full:
                self.release()
            else:
                t = threading.Timer(2, self.release)
                t.daemon = True
                t.start()
            return "reorder"
        if delay:
            with self.lock:
                self.struck["delay"] = self.struck.get("delay", 0) + 1
            self.later(delay, raw)
            return "delay"
        if self.strikes("duplicate"):
            self.pass_on(raw)
            self.later(1, raw)
        return None

    # answers

    def height(self):
        head = int(self.node.ask("eth_blockNumber"), 16)
        with self.lock:
            if self.faults.get("stuck"):
                head = int(self.frozen, 16)
            return max(0, head - int(self.faults.get("back") or 0))

    def bend_question(self, q):
        method, params = q["method"], q.get("params") or []
        with self.lock:
            moved = self.faults.get("stuck") or self.faults.get("back")
        if moved and method == "eth_getBlockByNumber" \
                and params[0] == "latest":
            return dict(q, params=[hexed(self.height())] + params[1:])
        return q

    def bend_answer(self, q, a):
        method, params = q["method"], q.get("params") or []
        result = a.get("result")
        with self.lock:
            f = dict(self.faults)
        if f.get("gas"):
            a = self.bend_gas(f["gas"], method, a, result)
        if f.get("chain_id") and method == "eth_chainId":
            a = dict(a, result=hexed(f["chain_id"]))
        if method == "eth_blockNumber" and (f.get("back") or f.get("stuck")):
            a = dict(a, result=hexed(self.height()))
        if f.get("logs") == "none" and method == "eth_getLogs":
            a = dict(a, result=[])
        if f.get("logs") == "none" and method == "eth_getTransactionReceipt" \
                and result:
            a = dict(a, result=dict(result, logs=[]))
        if method == "eth_getTransactionReceipt":
            a = self.bend_receipt(f.get("receipts"), params, a, result)
        if method == "eth_call":
            a = self.bend_call(f, params, a, result)
        return a

    def bend_gas(self, factor, method, a, result):
        if method in PRICES and result:
            return dict(a, result=hexed(int(result, 16) * factor))
        if method == "eth_getBlockByNumber" and result \
                and "baseFeePerGas" in result:
            return dict(a, result=dict(result, baseFeePerGas=hexed(
                int(result["baseFeePerGas"], 16) * factor)))
        if method == "eth_feeHistory" and result:
            return dict(a, result=dict(result, baseFeePerGas=[
                hexed(int(v, 16) * factor) for v in result["baseFeePerGas"]]))
        return a

    def bend_receipt(self, how, params, a, result):
        if how == "none":
            return dict(a, result=None)
        if how != "mined" or result:
            return a
        number = max(1, int(self.node.ask("eth_blockNumber"), 16) - 1)
        block = self.node.ask("eth_getBlockByNumber", hexed(number), False)
        zero = "0x" + "0" * 40
        return {"jsonrpc": "2.0", "id": a.get("id"), "result": {
            "transactionHash": params[0], "transactionIndex": "0x0",
            "blockNumber": hexed(number), "blockHash": block["hash"],
            "status": "0x1", "logs": [], "logsBloom": "0x" + "0" * 512,
            "gasUsed": "0x5208", "cumulativeGasUsed": "0x5208",
            "effectiveGasPrice": "0x1", "type": "0x2", "from": zero,
            "to": zero, "contractAddress": None}}

    def bend_call(self, f, params, a, result):
        data = params[0].get("data") or params[0].get("input") or ""
        what = self.selectors.get(data[:10])
        if what == "deposit" and f.get("deposit") and result:
            first = int(result[2:66], 16) * f["deposit"]
            return dict(a, result="0x%064x%s" % (first, result[66:]))
        if what == "used" and isinstance(f.get("used"), bool):
            return {"jsonrpc": "2.0", "id": a.get("id"),
                    "result": "0x%064x" % f["used"]}
        return a

    def refusal(self, error, method):
        """The words of an error that strikes now."""
        with self.lock:
            if not error or error.get("times", 1) <= 0 or not (
                    error["methods"] == "*" or method in error["methods"]):
                return None
            if "times" in error:
                error["times"] -= 1
            self.struck["error"] = self.struck.get("error", 0) + 1
            if error.get("messages"):
                return error["messages"].pop(0)
            return error.get("message", "header not found")

    # one question: an answer, or None when there is to be none

    def answer(self, q, body):
        method, params = q.get("method", ""), q.get("params") or []
        self.judge.look(method, body, params)
        with self.lock:
            f = dict(self.faults)
        message = self.refusal(f.get("error"), method)
        if message:
            self.write(method, params, "error")
            return {"jsonrpc": "2.0", "id": q.get("id"), "error": {
                "code": f["error"].get("code", -32000), "message": message}}
        if f.get("silent") and (f["silent"] == "*"
                                or method in f["silent"]):
            self.write(method, params, "silent")
            while self.faults.get("silent"):
                time.sleep(0.05)
            return None
        if method == SEND:
            fault = self.send(params[0])
            self.write(method, params, fault)
            if fault:
                return {"jsonrpc": "2.0", "id": q.get("id"),
                        "result": self.node.ask("web3_sha3", params[0])}
        else:
            self.write(method, params, None)
        a = json.loads(self.node.post(json.dumps(
            self.bend_question(q)).encode()))
        return self.bend_answer(q, a)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    liar = None

    def log_message(self, *args):
        pass

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                   struct.pack("ii", 1, 0))
        self.close_connection = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/control":
            answer = self.liar.control(json.loads(body or b"{}"))
        elif self.liar.strikes("dead"):
            self.reset()
            return
        else:
            q = json.loads(body)
            try:
                answer = [self.liar.answer(one, body) for one in q] \
                    if isinstance(q, list) else self.liar.answer(q, body)
            except (OSError, http.client.HTTPException):
                answer = None
            if answer is None:
                self.reset()
                return
        out = json.dumps(answer).encode()
        try:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(out)))
            self.end_headers()
            self.wfile.write(out)
        except OSError:
            self.close_connection = True


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass                              # a client that was killed


def main():
    p = argparse.ArgumentParser()
    p.add_argument("node")
    p.add_argument("--log")
    p.add_argument("--db")
    p.add_argument("--account")
    o = p.parse_args()
    node = Node(o.node)
    log = open(o.log, "a", buffering=1) if o.log else None
    Handler.liar = Liar(node, Judge(node, o.db, o.account), log)
    server = Server(("127.0.0.1", 0), Handler)
    print("badnode ready on http://127.0.0.1:%d" % server.server_port,
          flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
