"""asyncio with protocols, as its documentation's TCP echo server; `--loop uvloop` on uvloop instead.

asyncio turns Nagle's algorithm off by itself.
"""

import argparse
import asyncio

BACKLOG = 4096
PIECE = b"x" * 65536


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


class Lines(Echo):
    unfinished = b""

    def data_received(self, data):
        *lines, self.unfinished = (self.unfinished + data).split(b"\n")
        for line in lines:
            self.transport.write(line + b"\n")


class Sink(asyncio.Protocol):
    pass


class Source(asyncio.Protocol):
    paused = False

    def connection_made(self, transport):
        self.transport = transport
        self.go_on()

    def go_on(self):
        if not self.paused and not self.transport.is_closing():
            self.transport.write(PIECE)
            asyncio.get_running_loop().call_soon(self.go_on)

    def pause_writing(self):
        self.paused = True

    def resume_writing(self):
        self.paused = False
        self.go_on()


async def main(options):
    factory = {"echo": Echo, "lines": Lines, "sink": Sink, "source": Source}[options.mode]
    server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", options.port, backlog=BACKLOG)
    print("listening on", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--mode", choices=["echo", "lines", "sink", "source"], default="echo")
parser.add_argument("--loop", choices=["asyncio", "uvloop"], default="asyncio")
options = parser.parse_args()
if options.loop == "uvloop":
    import uvloop

    uvloop.run(main(options))
else:
    asyncio.run(main(options))
