"""The books after a kill: threats.md 4.4, from a sender's journal, the
orchestrator's store and the chain.

    livepeer_audit.py '{"db": .., "journals": [..], "rpc": .., "broker": ..,
                        "recipient": .., "account": .., "data": DIR}'

prints a JSON object: figures, and "wrong", a list of sentences that begin with
the letter of 4.4 that is broken. The store is only read. Every ticket of the
journal is taken for a winner: tests set a face value of one wei over the
ticket's value, so that one in 10^15 loses.
"""

import collections
import json
import os
import sqlite3
import sys
import urllib.request

STATES = ["won", "signed", "sent", "mined", "final", "dead"]
TX_STATES = ["signed", "sent", "mined", "final", "replaced", "dropped"]

# keccak256 of the events' signatures
TRANSFER = \
    "0x8b87351a208c06e3ceee59d80725fd77a23b4129e1b51ca231fc89b40712649c"
REDEEMED = "WinningTicketRedeemed(address,address,uint256,uint256,uint256," \
    "uint256,bytes)"


class Chain:
    def __init__(self, url):
        self.url = url

    def ask(self, method, *params):
        r = urllib.request.Request(
            self.url, json.dumps({"jsonrpc": "2.0", "id": 1, "method": method,
                                  "params": params}).encode(),
            {"Content-Type": "application/json"})
        with urllib.request.build_opener(
                urllib.request.ProxyHandler({})).open(r, timeout=30) as f:
            answer = json.load(f)
        if "error" in answer:
            raise RuntimeError("%s: %s" % (method, answer["error"]))
        return answer["result"]

    def call(self, to, signature, *words):
        data = self.topic(signature)[:10] + "".join("%064x" % w
                                                    for w in words)
        return int(self.ask("eth_call", {"to": to, "data": data}, "latest"),
                   16)

    def topic(self, text):
        return self.ask("web3_sha3", "0x" + text.encode().hex())

    def payments(self, broker, recipient):
        """(sender, rand, nonce) of each redemption, what it paid, its tx."""
        logs = self.ask("eth_getLogs", {
            "fromBlock": "0x0", "toBlock": "latest", "address": broker,
            "topics": [[TRANSFER, self.topic(REDEEMED)], None,
                       "0x" + "0" * 24 + recipient]})
        out, paid = [], {}
        for log in logs:
            where = (log["transactionHash"], int(log["logIndex"], 16))
            if log["topics"][0] == TRANSFER:
                paid[where] = int(log["data"], 16)
                continue
            w = [int(log["data"][2 + 64 * i:66 + 64 * i], 16)
                 for i in range(4)]
            # its transfer is the broker's event just before, if it paid
            before = [n for tx, n in paid if tx == where[0] and n < where[1]]
            amount = paid.pop((where[0], max(before))) if before else 0
            out.append(((log["topics"][1][26:], w[3], w[2]), amount,
                        where[0]))
        return out


def read_journal(paths):
    sent, ok = {}, set()
    for path in paths:
        for line in open(path):
            try:
                j = json.loads(line)
            except ValueError:
                continue                  # the last line of a killed payer
            if j["e"] == "sent":
                for h in j["tickets"]:
                    sent[h] = j
            elif j["e"] == "ok":
                ok.update(j["tickets"])
    return sent, ok


class Audit:
    def __init__(self, o):
        self.o = o
        self.wrong = []
        self.figures = {}

        # what goes on meanwhile: an answer is older than its row, and a row
        # younger than its request
        self.ok = read_journal(o["journals"])[1]
        db = sqlite3.connect("file:%s?mode=ro" % o["db"], uri=True,
                             timeout=20)
        self.check_file(db)
        self.winners = [dict(zip(
            ("id", "hash", "sender", "rand", "nonce", "rand_hash", "round",
             "round_hash", "face", "state", "tx", "paid", "reason", "sig", "expiration"),
            row))
            for row in db.execute(
                "SELECT id, lower(hex(hash)), lower(hex(sender)), "
                "lower(hex(rand)), nonce, rand_hash, round, "
                "round_hash, lower(hex(face_value)), state, tx, lower(hex(paid)), reason, "
                "lower(hex(sig)), expiration FROM winners")]
        self.revealed = {r[0] for r in
                         db.execute("SELECT hash FROM revealed")}
        self.txs = [dict(zip(("id", "kind", "state", "nonce", "hash"), row))
                    for row in db.execute(
                        "SELECT id, kind, state, nonce, lower(hex(hash)) "
                        "FROM txs")]
        db.close()
        self.sent = read_journal(o["journals"])[0]
        self.chain = Chain(o["rpc"])

    def say(self, letter, text, *args):
        self.wrong.append("(%s) %s" % (letter, text % args))

    def check_file(self, db):
        if self.o.get("quick"):
            return
        verdict = db.execute("PRAGMA integrity_check").fetchone()[0]
        if verdict != "ok":
            self.say("a", "the database is not sound: %s", verdict)

    def stored(self):
        have = {w["hash"] for w in self.winners}
        lost = self.ok - have
        if lost:
            self.say("a", "%d winners were answered 200 and are not stored, "
                     "%s.. is one", len(lost), sorted(lost)[0][:12])
        strange = have - set(self.sent)
        if strange and not self.o.get("others"):
            self.say("a", "%d winners are stored that nobody sent",
                     len(strange))
        self.figures.update(stored=len(have), answered=len(self.ok),
                            sent=len(self.sent), lost=len(lost))

    def once(self):
        for what in ("hash", "sig"):
            n = collections.Counter(w[what] for w in self.winners)
            twice = sum(v > 1 for v in n.values())
            if twice:
                self.say("b", "%d tickets are stored twice by %s", twice,
                         what)

    def paid(self):
        """(c): what is paid on chain, still payable or dead is all."""
        rows = {(w["sender"], int(w["rand"], 16), w["nonce"]): w
                for w in self.winners}
        seen, total, double = {}, 0, 0
        for key, amount, tx in self.chain.payments(self.o["broker"],
                                                   self.o["recipient"]):
            double += key in seen
            seen[key] = amount
            total += amount
            if key not in rows and not self.o.get("others"):
                self.say("c", "ticket %x of %s was paid and is not stored",
                         key[2], key[0])
        if double:
            self.say("c", "%d tickets were paid twice", double)
        recorded = 0
        count = collections.Counter()
        for key, w in rows.items():
            state, short = STATES[w["state"]], w["hash"][:12]
            count["paid" if key in seen else "dead" if state == "dead"
                  else "payable"] += 1
            if state == "final":
                recorded += int(w["paid"] or "0", 16)
                if key not in seen:
                    self.say("c", "winner %s.. is final and was not paid",
                             short)
                elif seen[key] != int(w["paid"] or "0", 16):
                    self.say("c", "winner %s.. was paid %d wei, the store "
                             "says %d", short, seen[key],
                             int(w["paid"] or "0", 16))
            if state == "dead" and key in seen:
                self.say("c", "winner %s.. is dead (%s) and was paid", short,
                         w["reason"])
        self.figures.update(
            paid=len(seen), paid_wei=str(total), final_wei=str(recorded),
            double_paid=double, payable=count["payable"], dead=count["dead"],
            states=dict(collections.Counter(STATES[w["state"]]
                                            for w in self.winners)),
            reasons=dict(collections.Counter(
                w["reason"] for w in self.winners if w["state"] == 5)))
        self.buried(seen, rows)
        block = int(self.chain.ask("eth_blockNumber"), 16)
        won = [w["expiration"] for w in self.winners if w["state"] == 0]
        self.figures.update(
            block=block, ripe=sum(e + 2 <= block for e in won),
            late=sum(e + 15 <= block for e in won),
            next_ripe=min((e + 2 for e in won), default=0))
        if self.o.get("settled"):
            open_ = len(rows) - sum(w["state"] > 3 for w in self.winners)
            if open_:
                self.say("c", "%d winners have come to no end", open_)
            if total != recorded:
                self.say("c", "the chain paid %d wei, the store says %d",
                         total, recorded)

    def buried(self, seen, rows):
        """Who is dead can never be paid: its rounds are over, or a reorg
        took the block that its round's hash was of."""
        dead = [w for k, w in rows.items() if w["state"] == 5]
        aged = 0
        if not dead:
            self.figures.update(dead_of_age=0)
            return
        period = self.chain.call(self.o["broker"], "ticketValidityPeriod()")
        now = self.chain.call(self.o["rounds"], "currentRound()")
        for w in dead:
            known = self.chain.call(self.o["rounds"],
                                    "blockHashForRound(uint256)", w["round"])
            good = known == int.from_bytes(w["round_hash"], "big")
            aged += good
            if good and w["round"] + period > now:
                self.say("c", "winner %s.. is dead (%s) and can be paid in "
                         "round %d", w["hash"][:12], w["reason"], now)
        self.figures.update(dead_of_age=aged)

    def revelations(self):
        """(e), as the store has it: what is signed is revealed."""
        bare = sum(w["state"] in (1, 2, 3, 4)
                   and w["rand_hash"] not in self.revealed
                   for w in self.winners)
        if bare:
            self.say("e", "%d winners are in a transaction and are not "
                     "revealed", bare)

    def nonces(self):
        """(d): one transaction at a nonce, no gap below the newest."""
        if not self.txs or self.o.get("quick"):
            return
        at = int(self.chain.ask("eth_getTransactionCount",
                                "0x" + self.o["account"], "latest"), 16)
        count = collections.Counter(TX_STATES[t["state"]] for t in self.txs)
        spent = 0
        for t in self.txs:
            r = self.chain.ask("eth_getTransactionReceipt", "0x" + t["hash"])
            if r:
                spent += int(r["gasUsed"], 16) \
                    * int(r["effectiveGasPrice"], 16)
            if r and TX_STATES[t["state"]] in ("replaced", "dropped"):
                self.say("d", "transaction %s.. at nonce %d is %s and was "
                         "mined", t["hash"][:12], t["nonce"],
                         TX_STATES[t["state"]])
        last = max(t["nonce"] for t in self.txs)
        self.figures.update(txs=dict(count), next_nonce=at, last_nonce=last,
                            spent_wei=str(spent))
        if self.o.get("settled") and last >= at:
            self.say("d", "nonce %d was signed and %d is the next on chain",
                     last, at)
        if spent > int(self.o.get("budget", 10 ** 30)):
            self.say("g", "%d wei of gas were spent", spent)

    def files(self):
        if not self.o.get("data"):
            return
        for root, _, names in os.walk(self.o["data"]):
            for name in names:
                if name.endswith((".new", ".tmp", ".part", "-journal")):
                    self.say("h", "%s was left",
                             os.path.join(root, name))

    def run(self):
        self.stored()
        self.once()
        self.paid()
        self.revelations()
        self.nonces()
        self.files()
        return dict(self.figures, wrong=self.wrong)


def main():
    o = json.loads(sys.argv[1])
    for name in ("broker", "recipient", "account"):
        if name in o:
            o[name] = o[name].lower().replace("0x", "", 1) \
                if name != "broker" else o[name]
    print(json.dumps(Audit(o).run()))


if __name__ == "__main__":
    main()
