#!/usr/bin/env python3
"""Runs a real HAProxy in front of the library's server and behind its client, and checks what each sees of the other.

    swift build --product ProxyPeer
    Tests/ProxyPeers/haproxy.py [folder of ProxyPeer, .build/debug unless given]

It needs haproxy and openssl, and uses loopback alone.
"""

import os
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / ".build/debug")
PATIENCE = 20

FRONTENDS = """
global
    stats timeout 5s
defaults
    mode tcp
    timeout connect 5s
    timeout client 10s
    timeout server 10s
    unique-id-format %{{+X}}o\\ %ci%cp%Ts
listen v1
    bind 127.0.0.1:{v1}
    bind [::1]:{v1}
    server one 127.0.0.1:{server} send-proxy
listen v2
    bind 127.0.0.1:{v2}
    bind [::1]:{v2}
    server one 127.0.0.1:{server} send-proxy-v2
listen checksum
    bind 127.0.0.1:{checksum}
    server one 127.0.0.1:{server} send-proxy-v2 proxy-v2-options crc32c,unique-id
listen tls
    bind 127.0.0.1:{tls} ssl crt {pem} alpn h2,http/1.1
    server one 127.0.0.1:{server} send-proxy-v2-ssl-cn proxy-v2-options ssl,cert-cn,ssl-cipher,cert-sig,cert-key,authority,crc32c
listen optional
    bind 127.0.0.1:{optional}
    server one 127.0.0.1:{other}
listen bare
    bind 127.0.0.1:{bare}
    server one 127.0.0.1:{server}
listen chain
    bind 127.0.0.1:{chain}
    server one 127.0.0.1:{accepting} send-proxy-v2
listen accepting
    bind 127.0.0.1:{accepting} accept-proxy
    server one 127.0.0.1:{server} send-proxy-v2
listen checked
    bind 127.0.0.1:{checked}
    server one 127.0.0.1:{server} send-proxy-v2 check inter 200ms
frontend witness
    mode http
    bind 127.0.0.1:{witness} accept-proxy
    http-request return status 200 content-type text/plain lf-string "src=%[src] sport=%[src_port] dst=%[dst] dport=%[dst_port] authority=%[fc_pp_authority] id=%[fc_pp_unique_id]."
"""


class Failure(Exception):
    pass


def check(condition, what):
    if not condition:
        raise Failure(what)


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Server:
    """The library's server, once it listens."""

    def __init__(self, *options):
        self.process = subprocess.Popen([BUILD / "ProxyPeer", "server", *options], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.port = int(re.search(r":(\d+)$", line.strip())[1])
        self.said = []

    def wait_for(self, words):
        """Reads on until it has said something."""
        killer = threading.Timer(PATIENCE, self.process.kill)
        killer.start()
        try:
            while not any(words in line for line in self.said):
                line = self.process.stdout.readline()
                check(line, f"{words!r} was never said: {self.said}")
                self.said.append(line.strip())
        finally:
            killer.cancel()

    def lines(self):
        """Ends it, and gives what it said."""
        self.process.terminate()
        # Not by `communicate`, which passes over what `readline` has in its buffer.
        said = self.said + self.process.stdout.read().splitlines()
        self.process.wait(timeout=PATIENCE)
        return said


def ask(port, host="127.0.0.1", context=None):
    """What the server says at the other end of a port of HAProxy, and the own address."""
    with socket.create_connection((host, port), timeout=PATIENCE) as plain:
        stream = context.wrap_socket(plain, server_hostname="names.example") if context else plain
        own = plain.getsockname() if not context else stream.getsockname()
        answer = b""
        while piece := stream.recv(4096):
            answer += piece
    return dict(re.findall(r"(\w+)=(\S*|\[[^]]*\])", answer.decode())), own


def text(address):
    return f"[{address[0]}]:{address[1]}" if ":" in address[0] else f"{address[0]}:{address[1]}"


def client(*words):
    result = subprocess.run(
        [BUILD / "ProxyPeer", "client", *map(str, words)], capture_output=True, text=True, timeout=PATIENCE)
    return result.stdout + result.stderr


def wait_for(port):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise Failure(f"nothing listens at {port}")


def main():
    names = ["v1", "v2", "checksum", "tls", "optional", "bare", "chain", "accepting", "checked", "witness"]
    ports = dict(zip(names, free_ports(len(names))))
    server, other = Server("required"), Server("optional")
    results = 0
    with tempfile.TemporaryDirectory() as folder:
        pem = f"{folder}/server.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", pem + ".key", "-out", pem,
             "-subj", "/CN=names.example", "-days", "2"], check=True, capture_output=True)
        with open(pem, "a") as out, open(pem + ".key") as key:
            out.write(key.read())
        config = f"{folder}/haproxy.cfg"
        with open(config, "w") as out:
            out.write(FRONTENDS.format(pem=pem, server=server.port, other=other.port, **ports))
        proxy = subprocess.Popen(["haproxy", "-db", "-f", config], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            wait_for(ports["witness"])

            def case(name, condition, what):
                nonlocal results
                check(condition, f"{name}: {what}")
                results += 1
                print("ok  ", name)

            for kind, version in [("v1", "1"), ("v2", "2")]:
                for host in ["127.0.0.1", "::1"]:
                    seen, own = ask(ports[kind], host)
                    case(
                        f"{kind} from {host}",
                        seen["peer"] == text(own) and seen["local"] == text((host, ports[kind]))
                        and seen["version"] == version and seen["command"] == "proxy"
                        and seen["proxy"].startswith("127.0.0.1:") and seen["at"] == f"127.0.0.1:{server.port}", seen)
            seen, own = ask(ports["checksum"])
            case("v2 with a checksum and an identity", seen["peer"] == text(own) and seen["id"] != "", seen)
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.set_alpn_protocols(["h2"])
            seen, own = ask(ports["tls"], context=context)
            case(
                "v2 with what HAProxy knows of TLS",
                seen["peer"] == text(own) and seen["tls"].startswith("TLSv1.") and seen["cipher"] == "yes"
                and seen["authority"] == "names.example" and seen["alpn"] == "h2", seen)
            seen, own = ask(ports["optional"])
            case("no header where it is optional", "version" not in seen and seen["peer"].startswith("127.0.0.1"), seen)
            seen, own = ask(ports["chain"])
            case("a chain of two proxies keeps the client", seen["peer"] == text(own), seen)
            with socket.create_connection(("127.0.0.1", ports["bare"]), timeout=PATIENCE) as bare:
                bare.sendall(b"hello\r\n")
                try:
                    rest = bare.recv(100)
                except ConnectionResetError:
                    rest = b""
            case("a missing header is refused", rest == b"", rest)

            for version in ["v1", "v2", "v2-checksum"]:
                answer = client(ports["witness"], version, "203.0.113.9", 1234, "198.51.100.7", 443)
                case(
                    f"HAProxy accepts our {version} header",
                    "src=203.0.113.9 sport=1234 dst=198.51.100.7 dport=443" in answer
                    and (version == "v1" or "authority=names.example id=id-17." in answer), answer)
                answer = client(ports["witness"], version, "2001:db8::9", 65535, "2001:db8::7", 1)
                case(
                    f"HAProxy accepts our {version} header of IPv6",
                    "src=2001:db8::9 sport=65535 dst=2001:db8::7 dport=1" in answer, answer)
            for kind in ["local", "unknown"]:
                answer = client(ports["witness"], kind)
                case(f"HAProxy accepts our {kind} header", "src=127.0.0.1" in answer, answer)
            # A health check, of which there is one every 200 ms.
            server.wait_for("command=local")
        except Failure:
            proxy.terminate()
            print(proxy.communicate(timeout=PATIENCE)[0].decode())
            raise
        finally:
            proxy.terminate()
            proxy.wait(timeout=PATIENCE)
            said = server.lines()
            other.lines()
    checks = [line for line in said if "command=local" in line]
    check(checks and all("peer=127.0.0.1:" in line for line in checks), f"no health check of HAProxy's: {said}")
    print(f"ok   {len(checks)} health checks with LOCAL")
    check(any("diagnostic:" in line for line in said), "the refused connection is not reported")
    print(f"{results + 2} checks with {subprocess.run(['haproxy', '-v'], capture_output=True, text=True).stdout.splitlines()[0]}")


try:
    main()
except Failure as failure:
    print("FAIL", failure)
    sys.exit(1)
