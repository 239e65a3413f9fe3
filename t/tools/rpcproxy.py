#!/usr/bin/python3
"""Between the orchestrator and its node: counts, freezes, dies.

    rpcproxy.py NODE-URL [WINNERS.DB]

Prints "ready on http://127.0.0.1:PORT". GET /count answers a JSON object of
how often each method was asked, eth_call by its selector; GET /mode/MODE
changes what it does with the node's answers:

    pass      nothing
    freeze    the newest block stays the one of now
    silent    nothing is answered, connections stay open
    dead      connections are closed
    chain     the node says that it is of chain 999

With the store of an orchestrator it looks for the secret number of each of
its winners in what goes to the node, before it does: "rand revealed" counts
those that stand in the store as revealed by then, "rand leaked" the others.
"""
import collections
import http.client
import json
import os
import sqlite3
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NODE = urllib.parse.urlsplit(sys.argv[1])
STORE = sys.argv[2] if len(sys.argv) > 2 else None
counts, lock, local = collections.Counter(), threading.Lock(), threading.local()
state = {"mode": "pass", "head": None}


def ask(body):
    for again in (True, False):
        conn = getattr(local, "conn", None)
        if conn is None:
            conn = local.conn = http.client.HTTPConnection(
                NODE.hostname, NODE.port, timeout=20)
        try:
            conn.request("POST", NODE.path or "/", body,
                         {"Content-Type": "application/json"})
            return conn.getresponse().read()
        except (http.client.HTTPException, OSError):
            local.conn = None
            if not again:
                raise


def is_head(call):
    return call.get("method") == "eth_blockNumber" or (
        call.get("method") == "eth_getBlockByNumber"
        and call["params"][:1] == ["latest"])


def head():
    answer = json.loads(ask(json.dumps({
        "jsonrpc": "2.0", "id": 1, "method": "eth_getBlockByNumber",
        "params": ["latest", False]}).encode()))
    return answer["result"]


def answer(call, text):
    if state["mode"] == "freeze" and is_head(call):
        text["result"] = state["head"]["number"] \
            if call["method"] == "eth_blockNumber" else state["head"]
    if state["mode"] == "chain" and call.get("method") == "eth_chainId":
        text["result"] = hex(999)
    return text


def watch(body):
    body = body.lower()
    db = sqlite3.connect("file:%s?mode=ro" % STORE, uri=True, timeout=5)
    try:
        rows = db.execute("SELECT rand, rand_hash IN (SELECT hash FROM "
                          "revealed) FROM winners").fetchall()
    except sqlite3.OperationalError:
        rows = []                     # there is none yet
    finally:
        db.close()
    with lock:
        for rand, revealed in rows:
            if rand.hex().encode() in body:
                counts["rand revealed" if revealed else "rand leaked"] += 1


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, data):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.path.startswith("/mode/"):
            state["head"] = head()
            state["mode"] = self.path[6:]
            self.reply(b"{}")
        else:
            with lock:
                self.reply(json.dumps(counts).encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        asked = json.loads(body)
        for call in asked if isinstance(asked, list) else [asked]:
            name = call.get("method", "")
            if name == "eth_call":
                params = call["params"][0]
                name += " " + (params.get("data") or params["input"])[:10]
            with lock:
                counts[name] += 1
        if STORE and os.path.exists(STORE):
            watch(body)
        if state["mode"] == "dead":
            self.close_connection = True
            return
        while state["mode"] == "silent":
            time.sleep(0.1)
        text = json.loads(ask(body))
        if isinstance(asked, list):
            text = [answer(c, t) for c, t in zip(asked, text)]
        else:
            text = answer(asked, text)
        self.reply(json.dumps(text).encode())


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        pass


server = Server(("127.0.0.1", 0), Handler)
print("ready on http://127.0.0.1:%d" % server.server_port, flush=True)
server.serve_forever()
