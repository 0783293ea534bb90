"""A forwarder that relays, and one that copies: both of this library, one way, pieces of 256 KiB."""

from .. import bounds
from ..servers import Spec
from ..streams import Stream, compare, ratio, throughput, throughput_of_processor

PIECE = 256 * 1024
FORWARDERS = {
    "copy": ("--mode", "copy", "--buffer", str(PIECE)),
    "copy, 64 KiB a receive": ("--mode", "copy"),
    "relay": ("--mode", "relay"),
}


def run(bench):
    def maker(name, arguments):
        def start(sink):
            return bench.server(Spec(name, "ReactorForwarder", arguments), arguments=("--target", str(sink)))

        return lambda: Stream(bench, start, ["--through", "--piece", PIECE])

    makers = {name: maker(name, arguments) for name, arguments in FORWARDERS.items()}
    rounds = compare(bench, "Forwarding, 2 connections, writes of 256 KiB", "relay", makers)
    bench.report.check("relay / copy, bytes a second", ratio(rounds, "relay", "copy", throughput), ">=",
                       bounds.RELAY_RATIO)
    # Sender and receiver do more with each byte than a relay, which waits for them.
    bench.report.check("relay / copy, bytes a second of the forwarder's processor",
                       ratio(rounds, "relay", "copy", throughput_of_processor), ">=", bounds.RELAY_RATIO)
