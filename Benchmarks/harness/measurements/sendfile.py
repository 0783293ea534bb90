"""A file of 64 MiB in memory, sent over and over: by sendFile, by reading and writing, and by sendfile(2) from C."""

import struct
import tempfile

from .. import bounds
from ..servers import Spec
from ..streams import Stream, compare, ratio, throughput_of_processor

SIZE = 64 << 20
STAMPED = 4096
SERVERS = {
    "copy": ("ReactorFiles", ("--mode", "copy")),
    "c-sendfile": ("CFiles", ()),
    "sendFile": ("ReactorFiles", ("--mode", "sendfile")),
}


def run(bench):
    with tempfile.NamedTemporaryFile() as file:
        # Each 4 KiB begin with their place, which the client checks.
        for place in range(0, SIZE, STAMPED):
            file.write(struct.pack("=Q", place).ljust(STAMPED, b"x"))
        file.flush()

        def maker(name, product, arguments):
            def start(_):
                return bench.server(Spec(name, product, arguments), arguments=("--file", file.name))

            return lambda: Stream(bench, start, ["--from", SIZE])

        makers = {name: maker(name, *server) for name, server in SERVERS.items()}
        rounds = compare(bench, "A file of 64 MiB, 2 connections", "sendfile", makers)
    for other, bound in [("copy", bounds.SENDFILE_OVER_COPY), ("c-sendfile", bounds.SENDFILE_OVER_C)]:
        bench.report.check(f"sendFile / {other}, bytes a second of the server's processor",
                           ratio(rounds, "sendFile", other, throughput_of_processor), ">=", bound)
