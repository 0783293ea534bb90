#!/usr/bin/env python3
"""Compares the example with the real server, reply by reply: `Tests/RedisPeers/compare.py [folder of redis-py]`.

It needs redis-server 7.0, and for the second part the package `redis`: `pip install --target FOLDER redis`.
"""

import random
import socket
import sys
import threading

import servers

sys.path[:0] = sys.argv[1:2]


def command(*words):
    """A command as an array of bulk strings."""
    words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


def commands(text):
    """Commands as words, one a line."""
    return b"".join(command(*line.split()) for line in text.strip().splitlines())


def answer(port, request, size=None):
    """The bytes that come back until the server closes: it is told that no more will be sent."""
    with servers.connect(port) as link:
        link.settimeout(20)
        try:
            for start in range(0, len(request), size or len(request)):
                link.sendall(request[start:start + (size or len(request))])
            link.shutdown(1)
        except OSError:
            pass  # closed after a protocol error
        data = b""
        try:
            while piece := link.recv(1 << 20):
                data += piece
        except ConnectionResetError:
            pass
    return data


# Whole conversations, each with an empty database. The answers must be the same bytes.
CONVERSATIONS = {
    "ping": b"PING\r\nPING hello\r\n\r\nping 'a b'\r\necho \"x\\x41\\n\\\"\"\r\n" + commands("PING\nPING x\nPING x y\nECHO"),
    "strings": commands("""
        SET a 1\nGET a\nGET none\nSET a 2 NX\nSET a 2 XX\nSET b 2 XX\nSET a 3 GET\nSET n x GET\nSET n y NX GET
        SET a 1 NX XX\nSET a 1 EX\nSET a 1 EX x\nSET a 1 EX 0\nSET a 1 EX -1\nSET a 1 PX 100000 EX 100\nSET a 1 NOPE
        SET a 1 EX 9223372036854775807\nSET a 1 KEEPTTL EX 10\nSET a 1 EX 100\nTTL a\nSET a 2 KEEPTTL\nTTL a\nSET a 3
        TTL a\nINCR a\nINCRBY a 10\nDECR a\nINCRBY a x\nINCRBY a 9223372036854775807\nDECRBY a 3\nDECRBY a -9223372036854775808\nSET s text\nINCR s\nSET z 007
        INCR z\nAPPEND s more\nAPPEND fresh x\nSTRLEN s\nSTRLEN none\nMSET a 1 b 2 c\nMSET a 1 b 2\nMGET a none b
        GETDEL a\nGETDEL a\nEXISTS a b b\nDEL b b none\nGET\nGET a b\nset lower case\nSET a 1 PXAT 99999999999999
        TTL a\nSET a 1 ex 10 nx\nSETRANGEX a\nSET neg -5\nINCR neg\nDECR neg\nSET m -9223372036854775808\nDECR m"""),
    "wrong types": commands("""
        RPUSH l a\nGET l\nINCR l\nAPPEND l x\nSTRLEN l\nSADD l x\nHSET l a b\nZADD l 1 a\nHGETALL l\nSMEMBERS l\nZRANGE l 0 -1
        SET s x\nLPUSH s a\nLPOP s\nLLEN s\nLRANGE s 0 -1\nHGET s f\nHINCRBY s f 1\nSCARD s\nSPOP s\nZSCORE s m\nZREM s m
        SREM s m\nHDEL s f\nMGET l s\nSET l now GET\nSET l now\nGET l\nTYPE l\nTYPE none\nGETDEL none\nHLEN s\nSISMEMBER s a"""),
    "keys": commands("""
        SET a 1\nEXPIRE a 100\nTTL a\nEXPIRE a 50 GT\nEXPIRE a 500 GT\nTTL a\nEXPIRE a 1000 LT\nEXPIRE a 10 NX\nEXPIRE a 10 XX
        TTL a\nPERSIST a\nPERSIST a\nTTL a\nTTL none\nPTTL none\nEXPIRE none 10\nEXPIRE a x\nEXPIRE a 10 NOPE\nEXPIRE a 1 NX XX
        EXPIRE a 1 GT LT\nEXPIRE a 9223372036854775807\nPEXPIRE a 100000\nPEXPIRE a 9223372036854775807\nEXPIRE a -1\nEXISTS a
        SET b 1\nEXPIRE b 0\nGET b\nSET c 1\nEXPIRE c 100 GT\nEXPIRE c 100 LT\nTTL c\nDBSIZE\nKEYS c\nKEYS none\nSCAN 0\nSCAN x
        SCAN 0 COUNT 0\nSCAN 0 COUNT x\nSCAN 0 NOPE 1\nSCAN 0 MATCH\nSCAN 0 MATCH c*\nSCAN 0 TYPE list\nSCAN 0 TYPE string
        SELECT 1\nDBSIZE\nSET other 1\nSELECT 0\nDBSIZE\nSELECT 16\nSELECT -1\nSELECT x\nFLUSHALL NOPE\nFLUSHALL ASYNC\nDBSIZE
        TYPE c\nDEL\nEXISTS\nEXPIRE a"""),
    "lists": commands("""
        LPUSH l a b c\nRPUSH l d e\nLRANGE l 0 -1\nLRANGE l 1 2\nLRANGE l -2 -1\nLRANGE l 3 1\nLRANGE l -100 100\nLRANGE l x 1
        LLEN l\nLPOP l\nRPOP l\nLPOP l 2\nLPOP l 0\nLPOP l -1\nLPOP l x\nLPOP l 1 2\nRPOP l 100\nLPOP l\nLPOP l 1\nRPOP none 2
        EXISTS l\nLLEN none\nLRANGE none 0 -1\nLPUSH\nLPUSH l\nRPUSH l 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\nLPUSH l 0
        LRANGE l 0 -1\nRPOP l 3\nLPOP l 3\nLRANGE l 0 -1\nTYPE l"""),
    "hashes": commands("""
        HSET h a 1\nHSET h a 2 b 3\nHSET h a\nHSET h a 1 b\nHGET h a\nHGET h none\nHGET none a\nHLEN h\nHDEL h b none\nHGETALL h
        HINCRBY h a 5\nHINCRBY h n -3\nHINCRBY h a x\nHSET h t text\nHINCRBY h t 1\nHINCRBY h a 9223372036854775807
        HDEL h a n t\nEXISTS h\nHGETALL none\nHLEN none\nHDEL none a\nHINCRBY new f 1\nTYPE new\nHGETALL new"""),
    "sets": commands("""
        SADD s a\nSADD s a b\nSCARD s\nSISMEMBER s a\nSISMEMBER s z\nSISMEMBER none a\nSREM s b z\nSMEMBERS s\nSPOP s 0\nSPOP s -1
        SPOP s x\nSPOP s\nSPOP s\nSPOP s 2\nSADD s q\nSPOP s 5\nEXISTS s\nSMEMBERS s\nSCARD s\nSREM none a\nSPOP s 1 2\nSADD s"""),
    "sorted sets": commands("""
        ZADD z 1 a 2 b 3 c\nZADD z 1 a 5 d\nZADD z CH 2 a 6 e\nZADD z NX 9 a 7 f\nZADD z XX 9 g 8 f\nZADD z GT 1 f\nZADD z LT CH 1 f
        ZADD z INCR 2.5 a\nZADD z NX INCR 1 a\nZADD z NX XX 1 a\nZADD z GT LT 1 a\nZADD z NX GT 1 a\nZADD z INCR 1 a 2 b\nZADD z x a
        ZADD z 1\nZADD z 1 a 2\nZADD z nan a\nZADD z inf i -inf j\nZADD z INCR -inf i\nZSCORE z a\nZSCORE z i\nZSCORE z j
        ZSCORE z none\nZSCORE none a\nZADD z 3.1 pi\nZSCORE z pi\nZADD z 1e20 big\nZSCORE z big\nZADD z 1e17 b17\nZSCORE z b17
        ZADD z 0.1 tenth\nZSCORE z tenth\nZADD z -0 zero\nZSCORE z zero\nZRANGE z 0 -1\nZRANGE z 0 -1 WITHSCORES\nZRANGE z 0 1 REV
        ZRANGE z 2 4\nZRANGE z -3 -2 REV WITHSCORES\nZRANGE z (1 3 BYSCORE\nZRANGE z 1 (3 BYSCORE WITHSCORES
        ZRANGE z -inf +inf BYSCORE LIMIT 1 2\nZRANGE z -inf +inf BYSCORE LIMIT 1 -1\nZRANGE z +inf -inf BYSCORE REV LIMIT 1 3
        ZRANGE z 3 1 BYSCORE\nZRANGE z 1 3 BYSCORE REV\nZRANGE z x 3 BYSCORE\nZRANGE z 0 1 LIMIT 1 1\nZRANGE z 0 x
        ZRANGE z 0 1 NOPE\nZRANGE none 0 -1\nZREM z a none b\nZREM z a\nZREM none a
        ZRANGE z (1 (3 BYSCORE REV LIMIT 0 2\nZREVRANGE z 0 2\nZREVRANGE z 0 1 WITHSCORES
        ZADD e 1 a\nZREM e a\nEXISTS e\nZADD none XX 1 a\nEXISTS none\nZADD none XX INCR 1 a\nZADD z 1.5 x 1e-7 y 123456789.123 w
        ZRANGE z 0 -1 WITHSCORES\nZRANGE z 5 100\nZRANGE z -inf inf BYSCORE LIMIT -1 2\nZADD z 1 z 1 y 1 x\nZRANGE z 0 3"""),
    "transactions": commands("""
        EXEC\nDISCARD\nMULTI\nSET a 1\nINCR a\nGET a\nLPUSH a x\nEXEC\nMULTI\nMULTI\nNOPE\nEXEC\nMULTI\nGET\nSET b 1\nEXEC\nGET b
        MULTI\nSET c 1\nDISCARD\nGET c\nWATCH a\nSET a 5\nMULTI\nGET a\nEXEC\nWATCH a\nMULTI\nGET a\nEXEC\nWATCH a\nUNWATCH\nSET a 6
        MULTI\nGET a\nEXEC\nMULTI\nWATCH a\nEXEC\nMULTI\nEXEC\nMULTI\nPING\nUNWATCH\nSELECT 1\nSET one 1\nEXEC\nGET one\nSELECT 0
        WATCH gone\nDEL gone\nMULTI\nEXEC\nWATCH made\nSET made 1\nMULTI\nEXEC\nWATCH made\nDEL made\nMULTI\nEXEC\nWATCH k\nHSET k a b
        MULTI\nEXEC\nWATCH k\nHGET k a\nMULTI\nEXEC\nWATCH k\nFLUSHALL\nMULTI\nEXEC\nEXEC x\nMULTI x"""),
    "channels": commands("""
        SUBSCRIBE a b a\nPSUBSCRIBE n*\nPING\nPING x\nGET a\nUNSUBSCRIBE a\nUNSUBSCRIBE\nPUNSUBSCRIBE none\nPUNSUBSCRIBE\nUNSUBSCRIBE
        PUNSUBSCRIBE\nPING\nPUBLISH a x\nSUBSCRIBE\nPUBLISH a\nSUBSCRIBE q\nRESET\nPING\nGET a\nMULTI\nSUBSCRIBE r\nPUBLISH r x\nEXEC
        SUBSCRIBE t\nUNSUBSCRIBE t r\nGET a"""),
    "connection": commands("""
        CLIENT GETNAME\nCLIENT SETNAME me\nCLIENT GETNAME\nCLIENT SETNAME\nCLIENT NOPE\nCLIENT\nCONFIG GET save\nCONFIG GET none
        CONFIG GET databases\nCONFIG GET\nCONFIG NOPE\nCONFIG\nCONFIG SET nope 1\nCONFIG RESETSTAT\nCOMMAND NOPE
        NOPE a b c\nRESET\nCLIENT GETNAME\nHELLO 4\nHELLO x\nHELLO 2 NOPE\nSELECT 2\nRESET\nQUIT\nPING"""),
    "unknown": command("x" * 200, "y" * 200, "z") + command("NO\r\nPE", "a\r\nb", b"\xff\xfe"[:0]) + command("") + command(
        "get\0", "a") + command("GET ", "a") + command("GET", "") + command("SET", "", "") + command("GET", ""),
    "binary": command("SET", b"\0\r\n\xff", bytes(range(256))) + command("GET", b"\0\r\n\xff") + command(
        "APPEND", b"\0\r\n\xff", b"\r\n") + command("STRLEN", b"\0\r\n\xff") + command("KEYS", "*"),
    "frames without commands": b"*0\r\n*-1\r\n*-100\r\n\r\n \r\n\n" + commands("PING"),
    "quit": commands("PING\nQUIT\nPING"),
    "patterns": commands("SET foo 1") + b"".join(command("KEYS", pattern) for pattern in [
        "*", "f*", "*o", "f?o", "f[aeo]o", "f[^o]o", "f[a-p]o", "f[p-a]o", "\\f*", "foo*", "foo?", "", "[f]oo", "f[", "[^f",
        "f[o", "f\\", "fo[\\o]", "***o***", "*f*o*o*", "*f*o*o*x", "f[]o", "f[o-", "[", "?", "???", "????", "f**", "fo[n-"]),
}
# The same, and a part of them that differs, in RESP3.
RESP3 = ["strings", "wrong types", "keys", "lists", "hashes", "sets", "sorted sets", "transactions", "channels", "binary"]

# What breaks the protocol: an error and the end, or just the end of a half command.
BROKEN = {
    "not a bulk string": b"*1\r\n+PING\r\n",
    "an integer": b"*1\r\n:1\r\n",
    "bulk length": b"*1\r\n$x\r\n",
    "bulk length empty": b"*1\r\n$\r\n",
    "bulk length negative": b"*1\r\n$-1\r\n",
    "bulk length with zero": b"*1\r\n$04\r\nPING\r\n",
    "bulk length with plus": b"*1\r\n$+4\r\nPING\r\n",
    "bulk length of 1 GB": b"*2\r\n$3\r\nGET\r\n$1073741824\r\n",
    "bulk length of 512 MB": b"*2\r\n$3\r\nGET\r\n$536870912\r\nabc",
    "bulk length one more": b"*2\r\n$3\r\nGET\r\n$536870913\r\nabc",
    "bulk length too long for a number": b"*1\r\n$99999999999999999999\r\n",
    "count": b"*x\r\n",
    "count empty": b"*\r\nPING\r\n",
    "count too large": b"*1048577\r\n$4\r\nPING\r\n",
    "count as large as it may be": b"*1048576\r\n$4\r\nPING\r\n",
    "count of 31 bits": b"*2147483647\r\n$4\r\n",
    "count of 32 bits": b"*2147483648\r\n",
    "count that is long": b"*" + b"1" * 70000,
    "bulk length that is long": b"*1\r\n$" + b"1" * 70000,
    "long line": b"x" * 70000,
    "quotes": b"PING \"x\r\nPING\r\n",
    "quotes in the middle": b"PING \"x\"y\r\n",
    "single quotes": b"ECHO 'a\\'b'\r\nECHO 'x\r\n",
    "after a good command": commands("SET a 1\nGET a") + b"*1\r\n$x\r\n" + commands("GET a"),
    "half header": b"*2\r\n$3\r\nGET\r\n$",
    "half": b"*2\r\n$3\r\nGET\r\n$5\r\nab",
    "half line": b"PIN",
    "no line end behind a bulk string": b"*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n",
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "tls": bytes.fromhex("16030100a5010000a10303") + b"\n",
    "zero byte": b"\0\0\0\r\nPING\r\n",
    "carriage return alone": b"PING\rPING\n",
}

failures = []


def check(name, answers):
    if answers[0] == answers[1]:
        return
    failures.append(name)
    ours, theirs = answers
    if isinstance(ours, bytes):
        ours, theirs = ours.split(b"\r\n"), theirs.split(b"\r\n")
        at = next((i for i, pair in enumerate(zip(ours, theirs)) if pair[0] != pair[1]), min(len(ours), len(theirs)))
        ours, theirs = ours[max(at - 5, 0):at + 4], theirs[max(at - 5, 0):at + 4]
    print(f"differs: {name}\n  example: {ours}\n  redis:   {theirs}")


def raw(pair):
    count = 0
    for name, request in [*CONVERSATIONS.items(), *BROKEN.items()]:
        # When Redis closes on a header of HTTP, the replies before it may be lost.
        for size in [None, 1] if len(request) < 5000 and name != "http" else [None]:
            for server in pair:
                answer(server.port, command("FLUSHALL"))
            check(f"{name}{' byte by byte' if size else ''}",
                  [answer(server.port, request, size) for server in pair])
            count += 1
    for name in RESP3:
        replies = []
        for server in pair:
            answer(server.port, command("FLUSHALL"))
            reply = answer(server.port, command("HELLO", 3) + CONVERSATIONS[name])
            # The identity of a connection is its own.
            at = reply.index(b"$2\r\nid\r\n:") + 9
            replies.append(reply[:at] + reply[reply.index(b"\r\n", at):])
        check(f"{name} in RESP3", replies)
        count += 1
    return count


def mutations(pair, count=300):
    """Conversations with a few bytes changed, in pieces: the same replies, errors and end."""
    # Not these: their order is not defined, and they have bytes that are no text.
    sources = [request for name, request in {**CONVERSATIONS, **BROKEN}.items()
               if name not in ("channels", "binary", "http")]
    chance = random.Random(1)
    alphabet = b"\r\n*$0123456789-+ \"'\\xaGET()["
    skipped = 0
    for number in range(count):
        request = bytearray(chance.choice(sources)[:chance.choice([200, 400, 9000])])
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(request))
            request[at:at + chance.randint(0, 3)] = bytes(chance.choices(alphabet, k=chance.randint(0, 3)))
            request = request or bytearray(b"x")
        size = chance.choice([1, 3, 10, 100, 1000])
        answers = []
        for server in pair:
            answer(server.port, command("FLUSHALL"))
            answers.append(answer(server.port, bytes(request), size))
        # Another name may have come about, of a command that only Redis has.
        if answers[0].count(b"unknown command") != answers[1].count(b"unknown command"):
            skipped += 1
            continue
        check(f"mutation {number}: {bytes(request)[:300]}", answers)
    return count - skipped


def load(pair, count=300_000):
    """Random commands on few large collections and many keys, so that tables grow and shrink."""
    chance = random.Random(2)

    def one():
        # By turns much is added and much removed.
        key, member = chance.randrange(100_000), chance.randrange(20_000)
        number = chance.randrange(-1000, 1000)
        if len(requests) // 50_000 % 2 == 0:
            return chance.choice([
                ("SET", f"key:{key}", "x" * chance.randrange(40)), ("APPEND", f"key:{key}", "y" * chance.randrange(20)),
                ("INCR", f"n:{member}"), ("HSET", "hash", f"f{member}", number), ("HINCRBY", "hash", f"f{member}", number),
                ("SADD", "set", member), ("ZADD", "zset", number / 4, member), ("RPUSH", "list", number),
                ("LPUSH", "list", number), ("GET", f"key:{key}"), ("MSET", f"key:{key}", "1", f"key:{member}", "z" * 100)])
        return chance.choice([
            ("DEL", f"key:{key}", f"n:{member}", f"key:{member}"), ("HDEL", "hash", *(f"f{member + i}" for i in range(9))),
            ("SREM", "set", *range(member, member + 9)), ("ZREM", "zset", *range(member, member + 9)), ("LPOP", "list"),
            ("RPOP", "list", 3), ("GET", f"key:{key}"), ("HGET", "hash", f"f{member}"), ("SISMEMBER", "set", member),
            ("ZSCORE", "zset", member), ("ZRANGE", "zset", member, member + 5, "WITHSCORES"),
            ("ZRANGE", "zset", number, number + 1, "BYSCORE", "LIMIT", 1, 5), ("LRANGE", "list", member, member + 3),
            ("ZREVRANGE", "zset", member, member + 5), ("HLEN", "hash"), ("SCARD", "set"), ("LLEN", "list"), ("DBSIZE",)])

    requests = [command("FLUSHALL")]
    while len(requests) < count:
        requests.append(command(*one()))
    stream = b"".join(requests)
    replies = []
    for server in pair:
        with servers.connect(server.port) as link:
            threading.Thread(target=lambda: (link.sendall(stream), link.sendall(command("ECHO", "the end")))).start()
            data = bytearray()
            while not data.endswith(b"$7\r\nthe end\r\n"):
                data += link.recv(1 << 20)
            replies.append(bytes(data))
        # A scan finds each key that is there all the time, while others come and go.
        with servers.connect(server.port) as link:
            reader = link.makefile("rb")

            def ask(*words):
                link.sendall(command(*words))
                return read()

            def read():
                line = reader.readline()
                if line[:1] == b"*":
                    return [read() for _ in range(int(line[1:]))]
                return reader.read(int(line[1:]) + 2)[:-2] if line[:1] == b"$" else line

            there = set(ask("KEYS", "*"))
            assert len(there) > 1000
            seen, cursor, turn = set(), b"0", 0
            while True:
                cursor, keys = ask("SCAN", cursor, "COUNT", 50)
                seen.update(keys)
                # First the table grows to many times its size, then it shrinks.
                for number in range(200):
                    word = ("SET", f"other:{turn}:{number}", 1) if turn < 200 else ("DEL", f"other:{turn - 200}:{number}")
                    link.sendall(command(*word))
                for number in range(200):
                    read()
                turn += 1
                if cursor == b"0":
                    break
            assert there <= seen, f"{server.name}: a scan missed {len(there - seen)} of {len(there)} keys"
            replies[-1] += b"%d" % len(there)
    check("load", replies)
    return count


def expiry(pair):
    """Keys go when their time has come: when they are asked for, and if nothing asks for them."""
    count = 0
    for server in pair:
        answer(server.port, command("FLUSHALL") + command("SET", "asked", 1, "PX", 30) + command("SET", "kept", 1, "EX", 100))
        answer(server.port, b"".join(command("SET", f"key:{number}", 1, "PX", 30) for number in range(1000)))
        while answer(server.port, command("EXISTS", "asked")) != b":0\r\n":
            count += 1
        while answer(server.port, command("DBSIZE")) != b":1\r\n":
            count += 1
        # A watched key that has expired has changed.
        with servers.connect(server.port) as link:
            link.sendall(command("SET", "w", 1, "PX", 30) + command("WATCH", "w") + command("MULTI"))
            assert link.recv(15, socket.MSG_WAITALL) == b"+OK\r\n" * 3
            while answer(server.port, command("EXISTS", "w")) != b":0\r\n":
                count += 1
            link.sendall(command("EXEC"))
            assert link.recv(5, socket.MSG_WAITALL) == b"*-1\r\n", f"{server.name}: executed"
    return count


def plain(value):
    """An answer of redis-py without the order that sets and hashes do not have."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, Exception):
        return f"{type(value).__name__}: {value}"
    return value


def script(client):
    """120 commands by redis-py's methods; yields the name and answer of each."""
    def run(name, *arguments, **options):
        try:
            answer = getattr(client, name)(*arguments, **options)
            if name in ("keys", "spop") and isinstance(answer, (list, set)):
                answer = sorted(answer)
            answers.append((name, arguments, plain(answer)))
        except Exception as error:  # its text is the answer
            answers.append((name, arguments, plain(error)))

    answers = []
    run("ping")
    run("echo", "hello")
    run("flushall")
    run("set", "k", "v")
    run("get", "k")
    run("set", "k", "w", nx=True)
    run("set", "k", "w", xx=True)
    run("set", "k", "x", get=True)
    run("set", "t", "x", ex=100)
    run("ttl", "t")
    run("set", "t", "y", keepttl=True)
    run("ttl", "t")
    run("set", "p", "x", px=100000)
    run("ttl", "p")
    run("persist", "p")
    run("ttl", "p")
    run("pttl", "k")
    run("expire", "k", 50)
    run("pexpire", "k", 50000)
    run("ttl", "k")
    run("expire", "k", 10, gt=True)
    run("getdel", "k")
    run("getdel", "k")
    run("exists", "k", "t")
    run("incr", "n")
    run("incr", "n", 41)
    run("decr", "n")
    run("incr", "t")
    run("append", "t", "zz")
    run("strlen", "t")
    run("mset", {"a": "1", "b": "2"})
    run("mget", "a", "b", "c")
    run("type", "a")
    run("keys", "[ab]")
    run("delete", "a", "b", "c")
    run("dbsize")
    for number in range(25):
        client.set(f"scan:{number}", number)
    answers.append(("scan_iter", (), sorted(client.scan_iter(match="scan:*", count=5))))
    run("lpush", "l", "b", "a")
    run("rpush", "l", "c", "d")
    run("llen", "l")
    run("lrange", "l", 0, -1)
    run("lrange", "l", 1, 2)
    run("lpop", "l")
    run("rpop", "l")
    run("lpop", "l", 5)
    run("rpop", "l")
    run("lpop", "l", 2)
    run("exists", "l")
    run("hset", "h", "f", "1")
    run("hset", "h", mapping={"f": "2", "g": "3"})
    run("hget", "h", "f")
    run("hget", "h", "none")
    run("hgetall", "h")
    run("hlen", "h")
    run("hincrby", "h", "f", 5)
    run("hincrby", "h", "new", -5)
    run("hdel", "h", "f", "g")
    run("hgetall", "h")
    run("hgetall", "none")
    run("hget", "t", "f")
    run("sadd", "s", "a", "b", "c")
    run("sadd", "s", "a", "d")
    run("smembers", "s")
    run("scard", "s")
    run("sismember", "s", "a")
    run("sismember", "s", "z")
    run("srem", "s", "a", "z")
    run("spop", "s", 3)
    run("sadd", "s", "q")
    run("spop", "s")
    run("smembers", "s")
    run("zadd", "z", {"a": 1, "b": 2.5, "c": 3})
    run("zadd", "z", {"a": 2, "d": 4}, ch=True)
    run("zadd", "z", {"a": 9}, nx=True)
    run("zadd", "z", {"a": 0}, gt=True)
    run("zadd", "z", {"a": 1}, incr=True)
    run("zscore", "z", "a")
    run("zscore", "z", "none")
    run("zrange", "z", 0, -1)
    run("zrange", "z", 0, -1, withscores=True)
    run("zrange", "z", 0, 1, desc=True)
    run("zrange", "z", 2, 3, byscore=True, withscores=True)
    run("zrange", "z", "-inf", "+inf", byscore=True, offset=1, num=2)
    run("zrange", "z", 3, 2, byscore=True, desc=True)
    run("zrem", "z", "a", "none")
    run("zrange", "none", 0, -1)
    run("zadd", "t", {"a": 1})
    run("publish", "nothing", "x")
    run("config_get", "save")
    run("config_get", "none*")
    run("client_setname", "tester")
    run("client_getname")
    run("config_set", "nope", "1")
    run("execute_command", "NOPE", "a")
    run("execute_command", "GET")
    run("execute_command", "SET", "a", "b", "EX", "0")
    run("select", 1)
    run("dbsize")
    run("select", 0)
    run("execute_command", "LRANGE", "l", "x", "1")
    run("lpush", "t", "x")

    pipeline = client.pipeline(transaction=True)
    pipeline.set("x", 1).incr("x").lpush("x", "y").get("x").mget("x", "y").hgetall("none").smembers("none")
    answers.append(("pipeline", (), [plain(one) for one in pipeline.execute(raise_on_error=False)]))
    pipeline = client.pipeline(transaction=False)
    pipeline.set("x", 1).incr("x").get("x").zadd("y", {"m": 1.5}).zscore("y", "m").zrange("y", 0, -1, withscores=True)
    answers.append(("plain pipeline", (), [plain(one) for one in pipeline.execute(raise_on_error=False)]))
    pipeline = client.pipeline()
    pipeline.watch("x")
    pipeline.get("x")
    client.set("x", "other")
    pipeline.multi()
    pipeline.set("x", "mine")
    try:
        answers.append(("watch", (), pipeline.execute()))
    except Exception as error:
        answers.append(("watch", (), plain(error)))
    answers.append(("transaction", (), client.transaction(lambda pipe: pipe.multi() or pipe.incr("counter"), "counter")))

    channels = client.pubsub()
    channels.subscribe("one", "two")
    channels.psubscribe("o*")
    messages = [channels.get_message(timeout=5) for _ in range(3)]
    answers.append(("publish", (), client.publish("one", "news")))
    answers.append(("publish", (), client.publish("two", b"\0\xff")))
    messages += [channels.get_message(timeout=5) for _ in range(3)]
    channels.unsubscribe()
    channels.punsubscribe("o*")
    # The order of channels is not defined.
    last = [channels.get_message(timeout=5) for _ in range(3)]
    messages += [sorted(message["channel"] for message in last), [message["data"] for message in last]]
    answers.append(("messages", (), messages))
    channels.close()

    run("set", "big", "x" * 1_000_000)
    run("strlen", "big")
    answers.append(("get big", (), len(client.get("big"))))
    run("set", "expiring", "x", px=1)
    answers.append(("info", (), client.info()["redis_version"]))
    run("flushall")
    run("dbsize")
    return answers


def peer(pair):
    import redis

    count = 0
    for protocol in (2, 3):
        clients = [redis.Redis(port=server.port, protocol=protocol) for server in pair]
        for ours, theirs in zip(*map(script, clients)):
            check(f"redis-py with RESP{protocol}: {theirs[0]} {theirs[1]}", [ours, theirs])
            count += 1
        for client in clients:
            client.close()
    return count


def growth(pair):
    """Half frames and large lengths cost what was sent, and no more."""
    server = pair[0]
    before = server.resident()
    links = []
    for request in [b"*2\r\n$3\r\nGET\r\n$536870912\r\nabc", b"*2147483647\r\n$1\r\nx\r\n", b"PIN", b"*1048576\r\n"]:
        for _ in range(200):
            link = servers.connect(server.port)
            link.sendall(request)
            links.append(link)
    for _ in range(100):
        link = servers.connect(server.port)
        link.sendall(b"*2\r\n$3\r\nGET\r\n$1073741824\r\n")
        assert b"invalid bulk length" in link.recv(100) and link.recv(1) == b""
        link.close()
    answer(server.port, command("PING"))
    grown = server.resident() - before
    assert grown < 16 << 20, f"900 half commands cost {grown} bytes"
    for link in links:
        link.close()

    # A subscriber that does not read is given up at 32 MB, as Redis does.
    slow = servers.connect(server.port)
    slow.sendall(command("SUBSCRIBE", "news"))
    slow.recv(100)
    publisher = servers.connect(server.port)
    message = command("PUBLISH", "news", b"x" * 100_000)
    for number in range(2000):
        publisher.sendall(message)
        if publisher.recv(100) == b":0\r\n":
            break
    else:
        raise AssertionError("the slow subscriber costs memory")
    assert 300 < number < 1500, f"given up after {number} messages"
    return 901


with servers.both() as pair:
    count = raw(pair) + mutations(pair) + load(pair) + expiry(pair) + growth(pair)
    try:
        import redis
    except ImportError:
        print("(redis-py is not here: give its folder as the argument)")
    else:
        count += peer(pair)
print(f"{count} comparisons, {len(failures)} differ")
sys.exit(bool(failures))
