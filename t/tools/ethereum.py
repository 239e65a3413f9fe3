"""What a test in Python needs of Ethereum: Keccak-256, signatures as eth_sign
makes them, addresses, and calls of a node. Curve arithmetic is libsecp256k1's.
"""
import ctypes
import ctypes.util
import json
import urllib.request

_ROTATE = [[0, 36, 3, 41, 18], [1, 44, 10, 45, 2], [62, 6, 43, 15, 61],
           [28, 55, 25, 21, 56], [27, 20, 39, 8, 14]]
_MASK = (1 << 64) - 1


def _round_constants():
    out, r = [], 1
    for _ in range(24):
        c = 0
        for j in range(7):
            if r & 1:
                c |= 1 << ((1 << j) - 1)
            r = r << 1 ^ (0x171 if r & 0x80 else 0)
        out.append(c)
    return out


_ROUNDS = _round_constants()

# where lane x + 5y goes in rho and pi, and how far it is turned
_PLAN = [(y + 5 * ((2 * x + 3 * y) % 5), x + 5 * y, _ROTATE[x][y])
         for x in range(5) for y in range(5)]


def _permute(a):
    b = [0] * 25
    for constant in _ROUNDS:
        c = [a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20]
             for x in range(5)]
        d = [c[x - 1] ^ ((c[(x + 1) % 5] << 1 | c[(x + 1) % 5] >> 63) & _MASK)
             for x in range(5)]
        for to, at, n in _PLAN:
            v = a[at] ^ d[at % 5]
            b[to] = (v << n | v >> 64 - n) & _MASK
        for y in range(0, 25, 5):
            p, q, r, s, t = b[y:y + 5]
            a[y:y + 5] = (p ^ ~q & r, q ^ ~r & s, r ^ ~s & t, s ^ ~t & p,
                          t ^ ~p & q)
        a[0] ^= constant
    return a


def keccak(data):
    data = data + b"\1" + b"\0" * (135 - len(data) % 136)
    data = data[:-1] + bytes([data[-1] | 0x80])
    a = [0] * 25
    for i in range(0, len(data), 136):
        block = data[i:i + 136]
        for k in range(17):
            a[k] ^= int.from_bytes(block[8 * k:8 * k + 8], "little")
        a = _permute(a)
    return b"".join(v.to_bytes(8, "little") for v in a[:4])


# --- keys

_lib = ctypes.CDLL(ctypes.util.find_library("secp256k1"))
_lib.secp256k1_context_create.restype = ctypes.c_void_p
_context = ctypes.c_void_p(_lib.secp256k1_context_create(0x301))


def _address(public):
    out, n = ctypes.create_string_buffer(65), ctypes.c_size_t(65)
    _lib.secp256k1_ec_pubkey_serialize(_context, out, ctypes.byref(n), public,
                                       2)
    return keccak(out.raw[1:])[12:]


def address(key):
    public = ctypes.create_string_buffer(64)
    if not _lib.secp256k1_ec_pubkey_create(_context, public, key):
        raise ValueError("no key")
    return _address(public)


def _digest(message):
    return keccak(b"\x19Ethereum Signed Message:\n32" + message)


def sign(key, message):
    """r, s and v (27 or 28) over the text hash of 32 bytes"""
    sig, out = ctypes.create_string_buffer(65), ctypes.create_string_buffer(64)
    v = ctypes.c_int()
    if not _lib.secp256k1_ecdsa_sign_recoverable(
            _context, sig, _digest(message), key, None, None):
        raise ValueError("not signed")
    _lib.secp256k1_ecdsa_recoverable_signature_serialize_compact(
        _context, out, ctypes.byref(v), sig)
    return out.raw + bytes([27 + v.value])


def recover(message, sig):
    """the address that signed, or None"""
    if len(sig) != 65 or sig[64] not in (27, 28):
        return None
    parsed = ctypes.create_string_buffer(65)
    public = ctypes.create_string_buffer(64)
    if not _lib.secp256k1_ecdsa_recoverable_signature_parse_compact(
            _context, parsed, sig[:64], ctypes.c_int(sig[64] - 27)) \
            or not _lib.secp256k1_ecdsa_recover(_context, public, parsed,
                                                _digest(message)):
        return None
    return _address(public)


# --- a node

def selector(signature):
    return keccak(signature.encode())[:4]


class Node:
    def __init__(self, url):
        self.url = url

    def rpc(self, method, *params):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method,
                           "params": params}).encode()
        request = urllib.request.Request(
            self.url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=5) as f:
            answer = json.load(f)
        if "error" in answer:
            raise OSError(answer["error"].get("message"))
        return answer["result"]

    def call(self, at, signature, *words):
        data = selector(signature) + b"".join(
            w.to_bytes(32, "big") for w in words)
        return bytes.fromhex(self.rpc(
            "eth_call", {"to": at, "data": "0x" + data.hex()}, "latest")[2:])
