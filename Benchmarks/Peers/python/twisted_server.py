"""Twisted, as its documentation's echo server, on its epoll reactor; with TCP_NODELAY and the backlog that all have."""

import argparse

from twisted.internet import epollreactor

epollreactor.install()

from twisted.internet import protocol, reactor  # noqa: E402
from twisted.internet.interfaces import IPushProducer  # noqa: E402
from twisted.protocols.basic import LineReceiver  # noqa: E402
from zope.interface import implementer  # noqa: E402

BACKLOG = 4096
PIECE = b"x" * 65536


class Echo(protocol.Protocol):
    def connectionMade(self):
        self.transport.setTcpNoDelay(True)

    def dataReceived(self, data):
        self.transport.write(data)


class Lines(LineReceiver):
    delimiter = b"\n"

    def connectionMade(self):
        self.transport.setTcpNoDelay(True)

    def lineReceived(self, line):
        self.sendLine(line)


class Sink(protocol.Protocol):
    pass


@implementer(IPushProducer)
class Source(protocol.Protocol):
    going = True

    def connectionMade(self):
        self.transport.registerProducer(self, streaming=True)
        self.go_on()

    def go_on(self):
        if self.going:
            self.transport.write(PIECE)
            reactor.callLater(0, self.go_on)

    def pauseProducing(self):
        self.going = False

    def resumeProducing(self):
        self.going = True
        self.go_on()

    def stopProducing(self):
        self.going = False

    def connectionLost(self, reason=protocol.connectionDone):
        self.going = False


parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--mode", choices=["echo", "lines", "sink", "source"], default="echo")
options = parser.parse_args()
factory = protocol.Factory.forProtocol({"echo": Echo, "lines": Lines, "sink": Sink, "source": Source}[options.mode])
port = reactor.listenTCP(options.port, factory, backlog=BACKLOG, interface="127.0.0.1")
print("listening on", port.getHost().port, flush=True)
reactor.run()
