#!/usr/bin/env python3
"""Starts each example and speaks with it as a user would: `Examples/check.py [folder of the built programs]`.

Everything waits for events: a line of output, bytes, an exit. The alarm only ends a run that hangs.
"""

import hashlib
import os
import pty
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack, contextmanager
from select import select

PROGRAMS = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else ".build/release")
TESTS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "Tests")
ANY = "127.0.0.1"


class Program:
    """An example that runs, its output read through a terminal: so lines come as they are printed."""

    def __init__(self, *command):
        self.output, terminal = pty.openpty()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal)
        os.close(terminal)
        self.text = ""

    def read(self):
        try:
            data = os.read(self.output, 65536)
        except OSError:  # Linux's way to say that the last holder of a terminal has gone
            data = b""
        self.text += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)

    def expect(self, pattern):
        while not (found := re.search(pattern, self.text)):
            if not self.read():
                raise AssertionError(f"no {pattern!r} in the output:\n{self.text}")
        return found

    def end(self):
        while self.read():
            pass
        os.close(self.output)
        return self.process.wait()

    def status(self, field):
        with open(f"/proc/{self.process.pid}/status") as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith(field))


@contextmanager
def server(name, *arguments):
    """A server of the examples, on a port that the system chose; stopped by an interrupt, which must succeed."""
    program = Program(f"{PROGRAMS}/{name}", *arguments)
    try:
        port = int(program.expect(r"listens at \S+:(\d+)\n").group(1))
        yield program, port
    except BaseException:
        program.process.kill()
        program.end()
        print(f"--- output of {name}:\n{program.text}", file=sys.stderr)
        raise
    program.process.send_signal(signal.SIGINT)
    assert program.end() == 0, f"{name} was stopped and failed: {program.text}"


def run(name, *arguments):
    program = Program(f"{PROGRAMS}/{name}", *arguments)
    return program.end(), program.text


def connect(port, receive_buffer=None):
    link = socket.socket()
    if receive_buffer:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    link.connect((ANY, port))
    return link


def listen():
    listener = socket.socket()
    listener.bind((ANY, 0))
    listener.listen()
    return listener, listener.getsockname()[1]


def everything(link):
    return b"".join(iter(lambda: link.recv(1 << 20), b""))


def until(link, pattern):
    """Reads until something is there; what was read before it is dropped."""
    data = b""
    while not re.search(pattern, data):
        piece = link.recv(1 << 20)
        assert piece, f"the connection ended before {pattern!r}: {data[-500:]!r}"
        data = data[-1000:] + piece
    return data


def reset(link):
    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    link.close()


def chat():
    with server("Chat", "0") as (program, port):
        def enter(name, **options):
            member = connect(port, **options)
            until(member, rb"name\?\n")
            member.sendall(name)
            return member

        ann = enter(b"ann\r\n")
        until(ann, rb"you are the first\n")
        bob = enter(b"b")
        bob.sendall(b"ob\nhel")
        until(bob, rb"here: ann\n")
        until(ann, rb"bob has come\n")
        bob.sendall(b"lo\n\x1b[2Jtwo\n")
        until(ann, rb"bob: hello\nbob: \[2Jtwo\n")
        until(enter(b"ann\n"), rb"another name\?\n")
        bob.sendall(b"x" * 5000)
        assert b"too long" in everything(bob)
        until(ann, rb"bob has left\n")

        slow = enter(b"slow\n", receive_buffer=4096)
        until(slow, rb"here: ann\n")
        until(ann, rb"slow has come\n")
        line = b"y" * 900 + b"\n"
        for _ in range(600):
            ann.sendall(line * 100)
        until(slow, rb"you were slow and missed \d+ lines\n")
        assert program.status("VmHWM") < 64 * 1024, "the slow member costs memory"
        reset(slow)
        until(ann, rb"slow has left\n")


def forwarder(name="PortForwarder"):
    listener, target = listen()
    with server(name, "0", "localhost", str(target)) as (program, port):
        # Both ways, each with an end of its own.
        client = connect(port)
        peer, _ = listener.accept()
        question, answer = os.urandom(8 << 20), os.urandom(8 << 20)
        threading.Thread(target=lambda: (client.sendall(question), client.shutdown(socket.SHUT_WR))).start()
        assert everything(peer) == question
        threading.Thread(target=lambda: (peer.sendall(answer), peer.close())).start()
        assert everything(client) == answer

        # A target that does not read stops the sender, and the forwarder keeps little.
        client = connect(port)
        peer, _ = listener.accept()
        client.setblocking(False)
        sent = 0
        while select([], [client], [], 0.5)[1]:
            sent += client.send(bytes(1 << 20))
            assert sent < 500 << 20, "nothing stops the sender"
        assert program.status("VmHWM") < 48 * 1024, "the slow target costs memory"
        client.shutdown(socket.SHUT_WR)
        assert len(everything(peer)) == sent
        peer.close()
        client.setblocking(True)
        assert everything(client) == b""

        # A reset is passed on. One that came before the forwarder knew of the connection would be a failed connect.
        client = connect(port)
        peer, _ = listener.accept()
        client.sendall(b"x")
        assert peer.recv(1) == b"x"
        reset(peer)
        try:
            assert client.recv(1) != b"", "the reset came as an end"
        except ConnectionResetError:
            pass
        program.expect(r"connection lost: .*ECONNRESET")

        listener.close()
        try:
            connect(port).recv(1)
        except ConnectionResetError:
            pass
        program.expect(r"cannot connect: .*ECONNREFUSED")


def relay():
    forwarder("Relay")


def file_server():
    with tempfile.TemporaryDirectory() as folder:
        content = os.urandom(8 << 20)
        with open(f"{folder}/file", "wb") as file:
            file.write(content)
        with open(f"{folder}/huge", "wb") as file:
            file.truncate(1 << 30)
        open(f"{folder}/empty", "wb").close()
        os.mkdir(f"{folder}/directory")
        os.mkfifo(f"{folder}/pipe")
        os.symlink("/etc/passwd", f"{folder}/link")
        with server("FileServer", "0", folder) as (program, port):
            def ask(name):
                link = connect(port)
                link.sendall(name)
                return everything(link)

            header = b"ok %d\n" % len(content)
            assert ask(b"file\n") == header + content
            assert ask(b"file\r\n") == header + content
            assert ask(b"empty\n") == b"ok 0\n"
            for name in [b"..\n", b"../x\n", b"/etc/passwd\n", b"directory/../file\n", b"\n", b"a\0b\n", b"z" * 400]:
                assert ask(name).startswith(b"error: a name has"), name
            assert ask(b"missing\n") == b"error: open: No such file or directory (ENOENT)\n"
            assert ask(b"link\n").startswith(b"error: ")
            for name in [b".\n", b"directory\n", b"pipe\n"]:
                assert ask(name) == b"error: that is not a plain file\n", name
            # The end of the request's side does not cut the answer; an end without a request is answered by one.
            link = connect(port)
            link.sendall(b"file\n")
            link.shutdown(socket.SHUT_WR)
            assert everything(link) == header + content
            link = connect(port)
            link.shutdown(socket.SHUT_WR)
            assert everything(link) == b""

            # 1 GB for one that reads slowly, while others are served.
            slow = connect(port)
            slow.sendall(b"huge\n")
            assert slow.recv(14) == b"ok 1073741824\n"
            fast = connect(port)
            fast.sendall(b"huge\n")
            fast.recv(1)
            assert ask(b"file\n") == header + content
            counts = [sum(len(piece) for piece in iter(lambda: link.recv(1 << 20), b"")) for link in (fast, slow)]
            assert counts == [(1 << 30) + 13, 1 << 30], counts
            gone = connect(port)
            gone.sendall(b"huge\n")
            gone.recv(1)
            reset(gone)
            assert ask(b"file\n") == header + content
            assert program.status("VmHWM") < 48 * 1024, "a large file costs memory"


def handover():
    with tempfile.TemporaryDirectory() as folder:
        def ask(link):
            link.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            return until(link, rb"process \d+\n").decode()

        path, refused, stop = f"{folder}/handover", [], threading.Event()

        def keep_asking():
            while not stop.is_set():
                try:
                    link = connect(port)
                    while "Connection: close" not in ask(link) and not stop.is_set():
                        pass
                except (OSError, AssertionError) as error:
                    refused.append(error)

        with ExitStack() as stack:
            program, port = stack.enter_context(server("Handover", "0", path))
            clients = [threading.Thread(target=keep_asking, daemon=True) for _ in range(4)]
            for one in clients:
                one.start()
            live = connect(port)
            assert f"process {program.process.pid}\n" in ask(live)
            for _ in range(3):
                successor, same_port = stack.enter_context(server("Handover", "0", path))
                assert same_port == port
                program.expect("another process serves")
                # What the old one has is answered by it, and is the last of that connection.
                answer = ask(live)
                assert f"process {program.process.pid}\n" in answer and "Connection: close" in answer, answer
                assert live.recv(1) == b""
                program.process.wait()
                program, live = successor, connect(port)
                assert f"process {program.process.pid}\n" in ask(live)
            stop.set()
            for one in clients:
                one.join()
            live.close()
        assert not refused, refused


def client():
    def replies(data):
        listener, port = listen()

        def serve():
            link, _ = listener.accept()
            link.recv(1000)
            for byte in data:
                link.sendall(bytes([byte]))
            link.close()

        threading.Thread(target=serve).start()
        return run("Client", ANY, str(port))

    assert replies(b"+PONG\r\n") == (0, "PONG\n")
    assert replies(b"*3\r\n$2\r\nab\r\n:7\r\n*2\r\n$-1\r\n$0\r\n\r\n")[0] == 0
    code, text = replies(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert code == 1 and "does not speak as Redis" in text, text
    code, text = replies(b"$5\r\nhel")
    assert code == 1 and "no reply" in text, text
    listener, port = listen()
    listener.close()
    code, text = run("Client", ANY, str(port))
    assert code == 1 and "ECONNREFUSED" in text and "Does Redis run there?" in text, text
    code, text = run("Client", ANY, "70000")
    assert code == 1 and "70000 is outside" in text, text
    assert run("Client", "no-such-host.invalid")[0] == 1
    if not shutil.which("redis-server"):
        return print("         (no redis-server here: the client was tried against a stand-in alone)")
    redis = Program("redis-server", "--bind", ANY, "--port", str(port), "--save", "", "--dir", "/tmp")
    try:
        redis.expect("eady to accept connections")
        for command, reply in [
            (["PING"], "PONG"),
            (["SET", "greeting", "hello"], "OK"),
            (["GET", "greeting"], "hello"),
            (["GET", "nothing"], "(nil)"),
            (["RPUSH", "list", "a", "b"], "2"),
            (["LRANGE", "list", "0", "-1"], "1. a\n2. b"),
        ]:
            assert run("Client", ANY, str(port), *command) == (0, reply + "\n"), command
        code, text = run("Client", ANY, str(port), "NONSENSE")
        assert "error: ERR unknown command" in text, text
    finally:
        redis.process.terminate()
        redis.end()


def redis_server():
    with server("RedisServer", "0") as (program, port):
        with connect(port) as link:
            def ask(request, reply):
                link.sendall(request)
                assert link.recv(len(reply), socket.MSG_WAITALL) == reply, request

            ask(b"PING\r\n", b"+PONG\r\n")
            for byte in b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nhello\r\n":
                link.sendall(bytes([byte]))
            ask(b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n" * 2, b"+OK\r\n" + b"$5\r\nhello\r\n" * 2)
            ask(b"*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n", b"%7\r\n$6\r\nserver\r\n")
        with connect(port) as link:
            link.sendall(b"*2\r\n$3\r\nGET\r\n$1073741824\r\n")
            assert everything(link) == b"-ERR Protocol error: invalid bulk length\r\n"
        if shutil.which("redis-cli"):
            lines = "set greeting 'hello world'\nget greeting\nnonsense\n"
            text = subprocess.run(["redis-cli", "-p", str(port)], input=lines, capture_output=True, text=True).stdout
            assert text.startswith("OK\nhello world\nERR unknown command 'nonsense'"), text


def tls():
    with tempfile.TemporaryDirectory() as folder:
        authority = folder + "/authority"
        subprocess.run([sys.executable, f"{TESTS}/TLSAuthority/make.py", authority], check=True)
        trusting = ssl.create_default_context(cafile=authority + "/root.pem")
        with server("TLSEcho", "0", authority + "/server.pem", authority + "/server.key") as (program, port):
            with trusting.wrap_socket(connect(port), server_hostname="localhost") as link:
                link.sendall(b"hello")
                assert link.recv(5) == b"hello"
                link = link.unwrap()
            program.expect(r"TLS 1.3, TLS_AES")
            with connect(port) as link:
                link.sendall(b"GET / HTTP/1.0\r\n\r\n")
                everything(link)
            program.expect(r"sent an HTTP request without encryption")
            program.process.send_signal(signal.SIGHUP)
            program.expect(r"certificate loaded again")
            code, text = run("TLSClient", "localhost", str(port), authority + "/rogue-root.pem")
            assert code == 1 and "not trusted" in text, text
        serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        serving.load_cert_chain(authority + "/server.pem", authority + "/server.key")
        listener, port = listen()

        def serve():
            with serving.wrap_socket(listener.accept()[0], server_side=True) as link:
                until(link, rb"\r\n\r\n")
                link.sendall(b"HTTP/1.1 200 OK\r\n\r\nA page.\n")
                link.unwrap()

        thread = threading.Thread(target=serve)
        thread.start()
        code, text = run("TLSClient", "localhost", str(port), authority + "/root.pem")
        thread.join()
        assert code == 0 and "A page." in text and "closed in order" in text, text


def timers():
    code, text = run("Timers", "3")
    assert code == 0, text
    words = re.findall(r"tick \d|150 ms|never|3245 primes|stopping", text)
    assert [word for word in words if word.startswith("tick")] == ["tick 1", "tick 2", "tick 3"], text
    assert words[-1] == "stopping" and "150 ms" in words and "3245 primes" in words and "never" not in words, text


def cores():
    with server("Cores", "0", "3") as (program, port):
        links = [connect(port) for _ in range(60)]
        answers = []
        for link in links:
            link.sendall(b"one\ntwo\n")
            answers.append(until(link, rb"lines.*\n.*lines.*\n").decode())
        places = [int(re.match(r"reactor (\d):", answer).group(1)) for answer in answers]
        assert set(places) == {0, 1, 2}, places
        # While a member has a connection left it is served; then the group goes.
        program.process.send_signal(signal.SIGINT)
        while True:
            try:
                connect(port).close()
            except ConnectionResetError:
                pass  # it was in the queue of a listener that just closed
            except ConnectionRefusedError:
                break
        links[0].sendall(b"three\n")
        assert until(links[0], rb"lines.*\n")
        for link in links:
            link.close()
    counts = [int(count) for count in re.findall(r"answered (\d+) lines", program.text)]
    assert len(counts) == 3 and sum(counts) == 121, program.text
    code, text = run("Cores", "0", "0")
    assert code == 1 and "0 reactors are not" in text, text


def bad_ports():
    listener, port = listen()
    for name, rest in [("Chat", []), ("Cores", []), ("FileServer", []), ("Handover", []),
                       ("RedisServer", []), ("PortForwarder", ["localhost", "1"]), ("Relay", ["localhost", "1"])]:
        code, text = run(name, str(port), *rest)
        assert code == 1 and "EADDRINUSE" in text, text
        code, text = run(name, "70000", *rest)
        assert code == 1 and "port 70000 is outside 0...65535" in text, text
        code, text = run(name, "x", *rest)
        assert code == 2 and text.startswith(f"usage: {name}"), text


def give_up(*_):
    raise AssertionError("the awaited event did not come")


signal.signal(signal.SIGALRM, give_up)
signal.alarm(600)
for check in [bad_ports, chat, cores, forwarder, relay, file_server, handover, client, redis_server, tls,
              timers]:
    print(f"example: {check.__name__}", flush=True)
    check()
print("The examples do what they say.")
