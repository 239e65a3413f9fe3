#!/usr/bin/python3
# Tickets as a broadcaster makes them, from a description in JSON on standard
# input: the Livepeer-Payment header, each ticket's hash and signature, and the
# call that redeems it. Nothing here is the product's code.
#
#     tickets.py common/net/lp_rpc.proto <DESCRIPTION

import base64
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import livepeer_client as lp    # noqa: E402


def be32(n):
    return n.to_bytes(32, "big")


def least(n):
    return n.to_bytes((n.bit_length() + 7) // 8, "big")


def number(text):
    return int(text, 16) if text.startswith("0x") else int(text)


def redeem(words, aux, sig, rand):
    padded = sig + bytes(-len(sig) % 32)
    return (lp.keccak(b"redeemWinningTicket((address,address,uint256,uint256,uint256,"
                      b"bytes32,bytes),bytes,uint256)")[:4]
            + be32(0x60) + be32(0x1a0) + be32(rand)
            + b"".join(words) + be32(0xe0) + be32(len(aux)) + aux
            + be32(len(sig)) + padded)


def main():
    d = json.load(sys.stdin)
    pb = lp.load_messages(sys.argv[1])
    key = bytes.fromhex(d["key"].strip().removeprefix("0x"))
    sender = lp.address(key)
    recipient = bytes.fromhex(d["recipient"][2:])
    face, win_prob, rand = number(d["face"]), number(d["win_prob"]), number(d["rand"])
    rand_hash = lp.keccak(be32(rand))
    round_hash = bytes.fromhex(d["round_hash"][2:])
    aux = be32(number(d["round"])) + round_hash

    payment = pb.Payment(sender=sender)
    params = payment.ticket_params
    params.recipient = recipient
    params.face_value = least(face)
    params.win_prob = least(win_prob)
    params.recipient_rand_hash = rand_hash
    params.seed = b"\x07"
    params.expiration_block = least(1000000)
    payment.expiration_params.creation_round = number(d["round"])
    payment.expiration_params.creation_round_block_hash = round_hash
    payment.expected_price.price_per_unit = 1200
    payment.expected_price.pixels_per_unit = 1

    tickets = []
    for nonce in range(1, d["n"] + 1):
        packed = (recipient + sender + be32(face) + be32(win_prob) + be32(nonce)
                  + rand_hash + aux)
        sig = lp.eth_sign(key, lp.keccak(packed))
        payment.ticket_sender_params.add(sender_nonce=nonce, sig=sig)
        words = [bytes(12) + recipient, bytes(12) + sender, be32(face), be32(win_prob),
                 be32(nonce), rand_hash]
        tickets.append({
            "nonce": nonce, "hash": "0x" + lp.keccak(packed).hex(), "packed": packed.hex(),
            "wins": int.from_bytes(lp.keccak(sig + be32(rand)), "big") < win_prob,
            "redeem": "0x" + redeem(words, aux, sig, rand).hex()})

    print(json.dumps({
        "header": base64.b64encode(payment.SerializeToString()).decode(),
        "sender": lp.checksummed(sender), "recipient": lp.checksummed(recipient),
        "rand_hash": "0x" + rand_hash.hex(), "round_hash": d["round_hash"],
        "tickets": tickets}))


main()
