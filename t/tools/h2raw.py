#!/usr/bin/python3
"""Raw HTTP/2 frames, for what no honest client sends.

    h2raw.py PORT conform              RFC 9113 cases, one TAP line each
    h2raw.py PORT ATTACK [key=value]   one line: key=value of what happened
    h2raw.py PORT rubbish n=N seed=S   N connections of damaged frames

Standard library only; cleartext with prior knowledge, or tls=1 and ALPN.
"""

import random
import socket
import ssl
import struct
import sys
import time

DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONT = \
    range(10)
END_STREAM, ACK, END_HEADERS, PADDED = 1, 1, 4, 8
NO_ERROR, PROTOCOL, INTERNAL, FLOW, TIMEOUT, CLOSED, SIZE, REFUSED, CANCEL, \
    COMPRESSION, CONNECT, CALM = range(12)

PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'


def frame(kind, flags=0, stream=0, payload=b''):
    return struct.pack('>I', len(payload))[1:] \
        + bytes((kind, flags)) + struct.pack('>I', stream) + payload


def integer(value, bits, first=0):
    top = (1 << bits) - 1
    if value < top:
        return bytes((first | value,))
    out = bytearray((first | top,))
    value -= top
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def text(s):
    s = s if isinstance(s, bytes) else s.encode()
    return integer(len(s), 7) + s


def literal(name, value):                 # without indexing, no Huffman
    return b'\x00' + text(name) + text(value)


def block(*fields, method='GET', path='/echo', scheme='http',
          authority='localhost'):
    pseudo = ((':method', method), (':scheme', scheme), (':path', path),
              (':authority', authority))
    return b''.join(literal(n, v) for n, v in pseudo if v is not None) \
        + b''.join(literal(n, v) for n, v in fields)


class Client:
    def __init__(self, port, preface=PREFACE, settings=b'', timeout=5,
                 tls=False):
        self.sock = socket.create_connection(('127.0.0.1', port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            context = ssl._create_unverified_context()
            context.set_alpn_protocols(['http/1.1', 'h2'])
            self.sock = context.wrap_socket(self.sock)
        self.sock.settimeout(timeout)
        self.inbox = b''
        self.closed = False
        self.mute = False                 # in the middle of a frame
        self.goaway = None
        self.resets = {}
        self.ended = set()
        self.data = {}
        self.heads = {}
        self.seen = []
        self.start = time.time()
        if preface is not None:
            self.send(preface + frame(SETTINGS, payload=settings))

    def send(self, data):
        try:
            self.sock.sendall(data)
        except (OSError, socket.timeout):
            self.closed = True
        return not self.closed

    def note(self, kind, flags, stream, payload):
        self.seen.append((kind, flags, stream, payload))
        if kind == GOAWAY:
            self.goaway = struct.unpack('>I', payload[4:8])[0]
        elif kind == RST:
            self.resets[stream] = struct.unpack('>I', payload)[0]
        elif kind == HEADERS:
            self.heads[stream] = self.heads.get(stream, b'') + payload
        elif kind == DATA:
            self.data[stream] = self.data.get(stream, 0) + len(payload)
        elif kind == SETTINGS and not flags & ACK and not self.mute:
            self.send(frame(SETTINGS, ACK))
        if kind in (DATA, HEADERS) and flags & END_STREAM:
            self.ended.add(stream)

    def parse(self):
        while len(self.inbox) >= 9:
            length = int.from_bytes(self.inbox[:3], 'big')
            if len(self.inbox) < 9 + length:
                return
            self.note(self.inbox[3], self.inbox[4],
                      int.from_bytes(self.inbox[5:9], 'big') & 0x7fffffff,
                      self.inbox[9:9 + length])
            self.inbox = self.inbox[9 + length:]

    def read(self, timeout):
        self.sock.settimeout(timeout)
        try:
            got = self.sock.recv(1 << 18)
        except socket.timeout:
            return False
        except OSError:
            got = b''
        finally:
            self.sock.settimeout(5)
        if not got:
            self.closed = True
            return False
        self.inbox += got
        self.parse()
        return True

    def until(self, fact, timeout=5):
        """reads until fact() holds; what fact() says at the end"""
        end = time.time() + timeout
        while not fact() and not self.closed and time.time() < end:
            self.read(max(0.001, end - time.time()))
        return fact()

    def drain(self):
        """what is here already"""
        while not self.closed and self.read(0.0001):
            pass

    def get(self, stream, *fields, **pseudo):
        self.send(frame(HEADERS, END_HEADERS | END_STREAM, stream,
                        block(*fields, **pseudo)))

    def status(self, stream):
        """the indexed or literal :status at the head of an answer"""
        head = self.heads.get(stream)
        if not head:
            return None
        known = {0x88: 200, 0x89: 204, 0x8a: 206, 0x8b: 304, 0x8c: 400,
                 0x8d: 404, 0x8e: 500}
        if head[0] in known:
            return known[head[0]]
        at = 1 if head[0] & 0x0f or head[0] & 0x40 else 9
        length = head[at] & 127
        raw = head[at + 1:at + 1 + length]
        if head[at] & 128:                # Huffman: the digits of a status
            bits = ''.join('{:08b}'.format(b) for b in raw)
            codes = {'00000': '0', '00001': '1', '00010': '2', '011001': '3',
                     '011010': '4', '011011': '5', '011100': '6',
                     '011101': '7', '011110': '8', '011111': '9'}
            out, code = '', ''
            for b in bits:
                code += b
                if code in codes:
                    out, code = out + codes[code], ''
            return int(out[:3])
        return int(raw)

    def alive(self):
        """a PING comes back"""
        self.seen = []
        self.send(frame(PING, 0, 0, b'alive?!.'))
        return self.until(lambda: any(k == PING and f & ACK
                                      for k, f, _, _ in self.seen), 3)


# --- conformance

def ends(*codes):
    """the connection ends with one of these, or is just closed"""
    def judge(c):
        c.until(lambda: c.closed)
        return c.closed and (c.goaway in codes or c.goaway is None
                             and 'close' in codes)
    return judge


def resets(*codes, stream=1):
    """the stream ends with one of these and the connection lives"""
    def judge(c):
        c.until(lambda: stream in c.resets or c.closed)
        return c.resets.get(stream) in codes and c.alive()
    return judge


def either(*codes, stream=1):
    """a stream error that may be treated as one of the connection"""
    def judge(c):
        c.until(lambda: stream in c.resets or c.closed)
        return c.resets.get(stream) in codes or c.goaway in codes
    return judge


def answers(status, stream=1):
    def judge(c):
        c.until(lambda: stream in c.ended or c.closed)
        return c.status(stream) == status and stream in c.ended
    return judge


def lives(c):
    return c.alive()


def ignored(c):
    """thrown away or a connection error, as the server likes"""
    return ends(PROTOCOL)(c) if c.until(lambda: c.closed, 0.2) else c.alive()


def setting(key, value):
    return frame(SETTINGS, 0, 0, struct.pack('>HI', key, value))


def head(stream=1, flags=END_HEADERS | END_STREAM, **kw):
    fields = kw.pop('fields', ())
    return frame(HEADERS, flags, stream, block(*fields, **kw))


OPEN = head(flags=END_HEADERS, method='POST', path='/sink')
BIG = 65536 + 1

CASES = [
    # 3.4, 4: preface and frames
    ('a wrong preface', b'', ends('close', PROTOCOL)),
    ('an unknown frame type is ignored', frame(0x16, 0xff, 0, b'x' * 8), lives),
    ('reserved bits are ignored',
     frame(PING, 0xf6, 0x80000000, b'8 bytes!'), lives),
    ('a frame over the limit', OPEN + frame(DATA, 0, 1, b'x' * BIG),
     either(SIZE)),
    ('HEADERS over the limit', frame(HEADERS, 4, 1, b'x' * BIG), ends(SIZE)),
    ('a header block of rubbish', frame(HEADERS, 5, 1, b'\xff' * 20),
     ends(COMPRESSION)),
    ('an index that is not in the table', frame(HEADERS, 5, 1, b'\xc6'),
     ends(COMPRESSION)),
    ('a table size over the limit',
     frame(HEADERS, 5, 1, integer(1 << 20, 5, 0x20) + block()),
     ends(COMPRESSION)),
    ('a table size update at the end',
     frame(HEADERS, 5, 1, block() + b'\x20'), ends(COMPRESSION)),
    ('Huffman text with EOS inside',
     frame(HEADERS, 5, 1, block() + b'\x00\x01x\x84\xff\xff\xff\xff'),
     ends(COMPRESSION)),

    # 5.1: stream states
    ('DATA on an idle stream', frame(DATA, 1, 1, b'x'), ends(PROTOCOL)),
    ('RST_STREAM on an idle stream', frame(RST, 0, 1, b'\0\0\0\x08'),
     ends(PROTOCOL)),
    ('WINDOW_UPDATE on an idle stream', frame(WINDOW, 0, 1, b'\0\0\0\x08'),
     ends(PROTOCOL)),
    ('CONTINUATION on an idle stream', frame(CONT, 4, 1, b''),
     ends(PROTOCOL)),
    ('DATA after END_STREAM',
     head(method='POST', path='/slow') + frame(DATA, 1, 1, b'x'),
     either(CLOSED)),
    ('HEADERS after END_STREAM',
     head(method='POST', path='/slow') + head(), either(CLOSED, PROTOCOL)),
    ('an even stream', head(2), ends(PROTOCOL)),
    # nghttp2 cannot tell it from a stream it has closed and forgotten
    ('a stream number that went back', head(5) + head(3), ignored),
    ('HEADERS on stream 0', head(0), ends(PROTOCOL)),

    # 6.1, 6.2: DATA, HEADERS
    ('DATA on stream 0', frame(DATA, 0, 0, b'x'), ends(PROTOCOL)),
    ('DATA with more padding than bytes',
     OPEN + frame(DATA, PADDED, 1, b'\x06' + b'12345'), ends(PROTOCOL)),
    ('HEADERS with more padding than bytes',
     frame(HEADERS, PADDED | 5, 1, b'\xff' + block()), ends(PROTOCOL)),
    ('padding is thrown away',
     frame(HEADERS, PADDED | 5, 1, b'\x04' + block(path='/headers')
           + b'\0' * 4), answers(200)),
    ('another frame inside a header block',
     frame(HEADERS, END_STREAM, 1, block()) + frame(PING, 0, 0, b'8 bytes!'),
     ends(PROTOCOL)),
    ('another stream inside a header block',
     frame(HEADERS, END_STREAM, 1, block()) + frame(CONT, 4, 3, b''),
     ends(PROTOCOL)),
    ('a block in three frames',
     frame(HEADERS, END_STREAM, 1, block()[:9]) + frame(CONT, 0, 1,
     block()[9:20]) + frame(CONT, 4, 1, block()[20:]), answers(200)),
    ('CONTINUATION after the block', head() + frame(CONT, 4, 1, block()),
     ends(PROTOCOL)),

    # 6.3 .. 6.5
    ('PRIORITY of 4 bytes', OPEN + frame(PRIORITY, 0, 1, b'1234'),
     either(SIZE)),
    ('PRIORITY on stream 0', frame(PRIORITY, 0, 0, b'12345'), ignored),
    ('RST_STREAM of 3 bytes', OPEN + frame(RST, 0, 1, b'123'), ends(SIZE)),
    ('RST_STREAM on stream 0', frame(RST, 0, 0, b'1234'), ends(PROTOCOL)),
    ('SETTINGS with a stream', frame(SETTINGS, 0, 1), ends(PROTOCOL)),
    ('SETTINGS ACK with bytes', frame(SETTINGS, ACK, 0, b'123456'),
     ends(SIZE)),
    ('SETTINGS of 3 bytes', frame(SETTINGS, 0, 0, b'123'), ends(SIZE)),
    ('ENABLE_PUSH 2', setting(2, 2), ends(PROTOCOL)),
    ('INITIAL_WINDOW_SIZE 2^31', setting(4, 1 << 31), ends(FLOW)),
    ('MAX_FRAME_SIZE 16383', setting(5, 16383), ends(PROTOCOL)),
    ('MAX_FRAME_SIZE 2^24', setting(5, 1 << 24), ends(PROTOCOL)),
    ('an unknown setting', setting(0xff, 1), lives),

    # 6.6 .. 6.9
    ('PUSH_PROMISE', OPEN + frame(PUSH, 4, 1, b'\0\0\0\2' + block()),
     ends(PROTOCOL)),
    ('PING of 6 bytes', frame(PING, 0, 0, b'123456'), ends(SIZE)),
    ('PING on a stream', frame(PING, 0, 1, b'8 bytes!'), ends(PROTOCOL)),
    ('PING ACK that nobody asked for', frame(PING, ACK, 0, b'8 bytes!'),
     lives),
    ('GOAWAY on a stream', frame(GOAWAY, 0, 1, b'\0' * 8), ends(PROTOCOL)),
    ('WINDOW_UPDATE 0', frame(WINDOW, 0, 0, b'\0' * 4), ends(PROTOCOL)),
    ('WINDOW_UPDATE 0 on a stream', OPEN + frame(WINDOW, 0, 1, b'\0' * 4),
     either(PROTOCOL)),
    ('WINDOW_UPDATE of 3 bytes', frame(WINDOW, 0, 0, b'123'), ends(SIZE)),
    ('a connection window over 2^31',
     frame(WINDOW, 0, 0, b'\x7f\xff\xff\xff') * 2, ends(FLOW)),
    ('a stream window over 2^31',
     OPEN + frame(WINDOW, 0, 1, b'\x7f\xff\xff\xff') * 2, either(FLOW)),

    # 8.1 .. 8.3: requests
    ('an upper-case field', head(fields=(('X-Up', '1'),)),
     either(PROTOCOL)),
    ('a connection field', head(fields=(('connection', 'x'),)),
     either(PROTOCOL)),
    ('te: trailers', head(path='/headers', fields=(('te', 'trailers'),)),
     answers(200)),
    ('te: gzip', head(fields=(('te', 'gzip'),)), either(PROTOCOL)),
    ('no :method', head(method=None), either(PROTOCOL)),
    ('no :path', head(path=None), either(PROTOCOL)),
    ('no :scheme', head(scheme=None), either(PROTOCOL)),
    ('an empty :path', head(path=''), either(PROTOCOL)),
    ('a pseudo field twice', head(fields=((':path', '/'),)),
     either(PROTOCOL)),
    ('a pseudo field late',
     frame(HEADERS, 5, 1, literal('x', '1') + block()), either(PROTOCOL)),
    ('an unknown pseudo field', head(fields=((':x', '1'),)),
     either(PROTOCOL)),
    ('a pseudo field of answers', head(fields=((':status', '200'),)),
     either(PROTOCOL)),
    ('a field value with a line end', head(fields=(('x', 'a\r\nb: c'),)),
     either(PROTOCOL)),
    ('less body than said',
     head(flags=END_HEADERS, method='POST',
          fields=(('content-length', '5'),)) + frame(DATA, 1, 1, b'123'),
     either(PROTOCOL)),
    ('more body than said',
     head(flags=END_HEADERS, method='POST',
          fields=(('content-length', '2'),)) + frame(DATA, 1, 1, b'123'),
     either(PROTOCOL)),
    ('content-length twice',
     head(flags=END_HEADERS, method='POST',
          fields=(('content-length', '3'), ('content-length', '4')))
     + frame(DATA, 1, 1, b'123'), either(PROTOCOL)),
    ('trailers of a request',
     OPEN + frame(DATA, 0, 1, b'123') + frame(HEADERS, 5, 1,
                                              literal('x-sum', '1')),
     answers(200)),
    ('trailers without END_STREAM',
     OPEN + frame(DATA, 0, 1, b'1') + frame(HEADERS, 4, 1,
                                            literal('x-sum', '1')),
     either(PROTOCOL)),
    ('a pseudo field in trailers',
     OPEN + frame(DATA, 0, 1, b'1') + frame(HEADERS, 5, 1,
                                            literal(':method', 'GET')),
     either(PROTOCOL)),
    ('a path that is not there', head(path='/nowhere'), answers(404)),
    ('101 fields',
     head(fields=tuple(('x', str(i)) for i in range(101))), answers(431)),
]


def small_window(c):
    """the answer stops at our window and goes on with it"""
    c.send(setting(4, 10))
    c.get(1, path='/big?n=1000')
    c.until(lambda: c.data.get(1, 0) >= 10)
    c.drain()
    if c.data.get(1) != 10:
        return False
    c.send(setting(4, 0) + setting(4, 30))          # goes through -10
    c.until(lambda: c.data.get(1, 0) >= 30)
    c.drain()
    if c.data.get(1) != 30:
        return False
    c.send(frame(WINDOW, 0, 1, struct.pack('>I', 5000)))
    c.until(lambda: 1 in c.ended)
    return c.data.get(1) == 1000


def too_many_streams(c):
    """the 129th at a time is refused"""
    c.until(lambda: any(k == SETTINGS and f & ACK for k, f, _, _ in c.seen))
    for i in range(129):
        c.get(2 * i + 1, path='/slow?wait=1000')
    c.until(lambda: c.resets or c.closed)
    return c.goaway == PROTOCOL or REFUSED in c.resets.values()


def client_goaway(c):
    """what was asked before our GOAWAY is answered"""
    c.get(1, path='/slow?wait=100')
    c.send(frame(GOAWAY, 0, 0, b'\0' * 8))
    c.until(lambda: 1 in c.ended)
    return 1 in c.ended


SPECIAL = [
    ('flow control by the byte', small_window),
    ('more streams than allowed', too_many_streams),
    ('GOAWAY from the client', client_goaway),
]


def conform(port):
    n = 0
    for name, sent, judge in CASES:
        n += 1
        if name == 'a wrong preface':
            c = Client(port, preface=None)
            c.send(PREFACE[:15] + b'x' * 40)
        else:
            c = Client(port)
            c.send(sent)
        good = judge(c)
        print('%s %d - %s' % ('ok' if good else 'not ok', n, name))
        if not good:
            print('# closed %s, GOAWAY %s, resets %s, statuses %s' % (
                c.closed, c.goaway, c.resets,
                {s: c.status(s) for s in c.heads}))
        c.sock.close()
    for name, run in SPECIAL:
        n += 1
        c = Client(port)
        good = run(c)
        print('%s %d - %s' % ('ok' if good else 'not ok', n, name))
        if not good:
            print('# closed %s, GOAWAY %s, resets %s, data %s' % (
                c.closed, c.goaway, c.resets, c.data))
        c.sock.close()
    print('1..%d' % n)


# --- attacks: each returns when the server ended it, or after its time

def flood(c, make, limit):
    """sends make(i) until the server hangs up; how many it took"""
    i = 0
    while i < limit and not c.closed:
        if not c.send(b''.join(make(k) for k in range(i, i + 50))):
            break
        i += 50
        c.drain()
        if c.goaway is not None:
            break
    return i


def rapid_reset(c, n):
    return flood(c, lambda i: head(2 * i + 1, path='/slow')
                 + frame(RST, 0, 2 * i + 1, b'\0\0\0\x08'), n)


def forced_reset(c, n):
    """requests that make the server reset them: CVE-2025-8671"""
    return flood(c, lambda i: head(2 * i + 1, END_HEADERS, method='POST',
                                   path='/slow',
                                   fields=(('content-length', '1'),))
                 + frame(DATA, 0, 2 * i + 1, b'two'), n)


def finished_reset(c, n):
    """what libcurl does: not an attack, all of it must be answered"""
    for i in range(n):
        s = 2 * i + 1
        c.get(s, path='/headers')
        if not c.until(lambda: s in c.ended):
            return i
        c.send(frame(RST, 0, s, b'\0\0\0\x05'))
    return n


def continuation(c, n):
    c.send(frame(HEADERS, END_STREAM, 1, block()))
    return flood(c, lambda i: frame(CONT, 0, 1, literal('x', 'y' * 100)), n)


def hpack_bomb(c, n):
    """one entry of 4 kB, named ten thousand times"""
    name = literal('x-bomb', 'b' * 3900)
    entry = b'\x40' + name[1:]
    sent = block() + entry + b'\xbe' * n
    c.send(frame(HEADERS, END_STREAM, 1, sent[:16000]))
    for at in range(16000, len(sent), 16000):
        last = END_HEADERS if at + 16000 >= len(sent) else 0
        c.send(frame(CONT, last, 1, sent[at:at + 16000]))
    return n


def big_header(c, n):
    """n bytes of fields, each as long as HPACK of nghttp2 takes it"""
    c.until(lambda: c.seen)               # its SETTINGS allow larger frames
    sent = block(*(('x-big', 'v' * min(65000, n - at))
                   for at in range(0, n, 65000)))
    parts = [sent[at:at + 60000] for at in range(0, len(sent), 60000)]
    c.send(frame(HEADERS, END_STREAM | (4 if len(parts) == 1 else 0), 1,
                 parts[0]))
    for i, part in enumerate(parts[1:], 2):
        c.send(frame(CONT, 4 if i == len(parts) else 0, 1, part))
    return n


def settings_flood(c, n):
    return flood(c, lambda i: setting(4, 65535), n)


def ping_flood(c, n):
    return flood(c, lambda i: frame(PING, 0, 0, b'8 bytes!'), n)


def priority_flood(c, n):
    return flood(c, lambda i: frame(PRIORITY, 0, 1, b'\0\0\0\0\1'), n)


def unknown_flood(c, n):
    return flood(c, lambda i: frame(0x42, 0, 0, b'x'), n)


def window_flood(c, n):
    return flood(c, lambda i: frame(WINDOW, 0, 0, b'\0\0\0\1'), n)


def empty_data(c, n):
    c.send(OPEN)
    return flood(c, lambda i: frame(DATA, 0, 1), n)


def zero_window(c, n):
    """asks for n bytes and never opens the window"""
    c.send(setting(4, 0))
    c.get(1, path='/big?n=%d' % n)
    c.until(lambda: 1 in c.resets or c.closed, 20)
    return c.data.get(1, 0)


def no_reading(c, n):
    """opens all windows and reads nothing"""
    c.send(setting(4, 0x7fffffff) + frame(WINDOW, 0, 0, b'\x7f\0\0\0'))
    c.get(1, path='/big?n=%d' % n)
    end = time.time() + 20
    while time.time() < end:
        if not c.send(frame(0x42, 0, 0, b'x')):
            break
        time.sleep(0.05)
    return n


def slow_head(c, n):
    """a header block that stops in the middle"""
    c.mute = True
    c.send(frame(HEADERS, END_STREAM, 1, block()) + frame(CONT, 0, 1, b'')[:5])
    c.until(lambda: c.closed, 20)
    return n


def slow_body(c, n):
    """a body of one byte now and then"""
    c.send(OPEN)
    while not c.closed and 1 not in c.ended and time.time() < c.start + 20:
        c.send(frame(DATA, 0, 1, b'x'))
        c.until(lambda: 1 in c.ended, 0.1)
    return n


def early(c, n):
    """the status comes while half of the body is still here"""
    c.send(head(flags=END_HEADERS, method='POST', path='/early')
           + frame(DATA, 0, 1, b'x' * 1000))
    early_status = c.until(lambda: c.status(1))
    c.send(frame(DATA, END_STREAM, 1, b'x' * 1000))
    c.until(lambda: 1 in c.ended)
    return early_status if 1 in c.ended else 0


def drain(c, n):
    """two GOAWAY, and the answer that was due; how many came"""
    c.get(1, path='/slow?wait=300')
    c.get(3, path='/drain')
    c.until(lambda: c.closed, 10)
    last = [struct.unpack('>I', p[:4])[0] for k, _, _, p in c.seen
            if k == GOAWAY]
    return len(last) if 1 in c.ended and last[0] == 0x7fffffff \
        and last[-1] == 3 else 0


def silent(c, n):
    """says nothing at all"""
    c.until(lambda: c.closed, 20)
    return n


def rubbish(port, n, seed):
    """n connections of good frames, some of them damaged"""
    rng = random.Random(seed)
    good = [sent for _, sent, _ in CASES if sent] + [
        OPEN + frame(DATA, 0, 1, b'x' * 5000) + frame(DATA, 1, 1),
        head(path='/big?n=200000') + frame(WINDOW, 0, 1, b'\0\0\xff\xff'),
        head(method='POST', path='/echo', flags=END_HEADERS)
        + frame(DATA, 1, 1, b'y' * 9000),
        head(path='/slow?wait=10'), frame(RST, 0, 1, b'\0\0\0\x08'),
        frame(GOAWAY, 0, 0, b'\0' * 8), frame(PING, 0, 0, b'12345678'),
    ]
    for i in range(n):
        sent = bytearray()
        for k in range(rng.randrange(1, 12)):
            part = bytearray(rng.choice(good))
            stream = struct.pack('>I', rng.choice((1, 1, 3, 3, 5, 7)))
            if rng.random() < 0.7 and part[5:9] == b'\0\0\0\1':
                part[5:9] = stream
            if rng.random() < 0.3:
                for _ in range(rng.randrange(1, 4)):
                    part[rng.randrange(len(part))] = rng.randrange(256)
            if rng.random() < 0.1:
                del part[rng.randrange(len(part)):]
            sent += part
        c = Client(port)
        at = 0
        while at < len(sent) and not c.closed:
            size = rng.choice((1, 9, 100, 5000, 100000))
            c.send(bytes(sent[at:at + size]))
            at += size
        c.read(0.002)
        c.sock.close()
    return n


ATTACKS = {
    'rapid-reset': rapid_reset, 'forced-reset': forced_reset,
    'finished-reset': finished_reset, 'continuation': continuation,
    'hpack-bomb': hpack_bomb, 'big-header': big_header,
    'settings': settings_flood, 'ping': ping_flood,
    'priority': priority_flood, 'unknown': unknown_flood,
    'window': window_flood, 'empty-data': empty_data,
    'zero-window': zero_window, 'no-reading': no_reading,
    'slow-head': slow_head, 'slow-body': slow_body, 'silent': silent,
    'early': early, 'drain': drain,
}


def main():
    port, mode = int(sys.argv[1]), sys.argv[2]
    if mode == 'conform':
        conform(port)
        return
    options = dict(a.split('=') for a in sys.argv[3:])
    if mode == 'rubbish':
        print('done=%d' % rubbish(port, int(options['n']),
                                  int(options['seed'])))
        return
    c = Client(port, tls='tls' in options)
    done = ATTACKS[mode](c, int(options.get('n', '100000')))
    c.until(lambda: c.closed or 1 in c.ended and mode in ('slow-body',),
            float(options.get('wait', '1')))
    print('done=%d goaway=%s closed=%d reset=%s status=%s ms=%d' % (
        done, '-' if c.goaway is None else c.goaway, c.closed,
        c.resets.get(1, '-'), c.status(1) or '-',
        (time.time() - c.start) * 1000))


main()
