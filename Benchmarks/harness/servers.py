"""The servers that there are. A new one is a folder under Servers/, a target in Package.swift and a line here; or one
under Peers/, if it needs what this package does not; or no line at all, but `--server name=command`."""

import shlex
from dataclasses import dataclass, replace
from pathlib import Path

PACKAGE = Path(__file__).parent.parent
PEERS = PACKAGE / "Peers"
BUILT = PACKAGE / ".build" / "peers"
PYTHON = PACKAGE / ".venv" / "bin" / "python"

# Where a server's program is found, by what kind it is. peers.py says how it gets there.
PROGRAMS = {
    "own": lambda spec, binaries: [binaries / spec.product],
    "swift": lambda spec, _: [PEERS / ".build" / "release" / spec.product],
    "swift-tls": lambda spec, _: [PEERS / "TLS" / ".build" / "release" / spec.product],
    "libuv": lambda spec, _: [BUILT / spec.product],
    "go": lambda spec, _: [BUILT / spec.product],
    "python": lambda spec, _: [PYTHON, PEERS / "python" / spec.product],
    "command": lambda spec, _: shlex.split(spec.product),
}


@dataclass(frozen=True)
class Spec:
    name: str
    product: str
    arguments: tuple = ()
    lines: bool = False  # speaks --mode lines
    releases: bool = False  # gives memory back on SIGUSR1
    queues: bool = True  # keeps what its peer does not read; otherwise it closes
    usual: bool = True  # measured unless the command line names others
    kind: str = "own"
    title: str = ""  # what it is, in a few words
    needs: str = ""  # of Python peers: the package
    again: bool = False  # the yardstick once more
    descriptors: int = 1  # that a connection takes

    def command(self, binaries):
        return PROGRAMS[self.kind](self, binaries)


def peer(name, kind, product, title, *arguments, needs=""):
    return Spec(name, product, arguments, usual=False, kind=kind, title=title, needs=needs)


def own_command(name, command):
    """Anybody's server."""
    return Spec(name, command, kind="command", title=name)


SERVERS = {
    spec.name: spec
    for spec in [
        Spec("c-epoll", "CEpollEcho", title="C on epoll"),
        Spec("c-event", "CEventEcho", queues=False, usual=False, title="C on libevent's events"),
        Spec("c-bufferevent", "CBuffereventEcho", title="C on libevent's bufferevents"),
        Spec("reactor", "ReactorEcho", lines=True, releases=True, title="Reactor"),
        Spec("native", "NativeEcho", lines=True, releases=True, title="NativeReactor"),
        Spec("reactor-timeouts", "TimeoutServer", ("--idle", "3600"), usual=False, title="Reactor, with timeouts"),
        Spec("group", "GroupEcho", usual=False, title="ReactorGroup"),
        Spec("reactor-bufferevent", "ReactorEcho", ("--buffering", "bufferevent"), lines=True, releases=True,
             title="Reactor, .bufferevent"),
        peer("nio", "swift", "NIOEcho", "SwiftNIO, handlers"),
        peer("nio-async", "swift", "NIOAsyncEcho", "SwiftNIO, NIOAsyncChannel"),
        peer("flyingsocks", "swift", "FlyingSocksEcho", "FlyingSocks"),
        peer("libuv", "libuv", "libuv-echo", "C on libuv"),
        # Its io.Copy splices: a connection has a pipe of its own.
        replace(peer("go", "go", "go-echo", "Go, net"), descriptors=3),
        peer("twisted", "python", "twisted_server.py", "Twisted", needs="twisted"),
        peer("asyncio", "python", "asyncio_server.py", "asyncio"),
        peer("uvloop", "python", "asyncio_server.py", "asyncio on uvloop", "--loop", "uvloop", needs="uvloop"),
    ]
}

# Echo servers that speak TLS, of `bench tls`: they need a certificate too.
TLS_SERVERS = {
    spec.name: spec
    for spec in [
        Spec("reactor-tls", "ReactorTLSEcho", releases=True, title="Reactor"),
        Spec("native-tls", "ReactorTLSEcho", ("--engine", "native"), releases=True, title="NativeReactor"),
        peer("nio-tls", "swift-tls", "NIOTLSEcho", "SwiftNIO with NIOSSL"),
        Spec("c-tls", "CTLSEcho", title="C on OpenSSL's sockets"),
    ]
}

# The yardstick against itself: how far from 1 its ratio lies is what a run cannot tell from noise.
AGAIN = Spec("c-epoll again", SERVERS["c-epoll"].product, title="C on epoll, again", again=True)

# What `compare` puts side by side, in the order of its tables.
COMPARED = ["reactor", "native", "reactor-bufferevent", "c-epoll", "c-bufferevent", "libuv", "nio", "nio-async",
            "flyingsocks", "go", "uvloop", "asyncio", "twisted"]

# The servers whose figures are held against the bounds, unless the command line says otherwise.
SUBJECTS = ["reactor"]
