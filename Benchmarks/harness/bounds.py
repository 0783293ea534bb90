"""What must hold of the library, in one place."""

# Throughput of the library over that of another server, by message size in bytes; medians, interleaved.
EPOLL_RATIO = {64: 0.95, 16 * 1024: 0.95, 256 * 1024: 0.95}
BUFFEREVENT_RATIO = {64: 1.25, 16 * 1024: 4.0}

# A server less busy than this was waiting for the load generator, and its throughput says nothing.
BUSY_SHARE = 0.95

# Throughput of two reactors, each on a processor of its own, over that of one; the clients have two others.
TWO_REACTORS_RATIO = 1.7
# The 99th percentile of live connections' latency during a flood of connects, over that before.
FLOOD_RATIO = 10.0

# System calls an echoed message, in the steady state. What is zero is zero up to COUNT_TOLERANCE, because attaching the
# tracer interrupts a call or two. Waiting is shared by all the connections that are ready at once.
CALLS = {"receive": 1.0, "send": 1.0, "epoll_ctl": 0.0, "ioctl": 0.0, "epoll_wait": 0.5, "other": 0.0}
SENDS_PER_BURST = 1.0
COUNT_TOLERANCE = 0.01

# Heap allocations an echoed message. A few in some hundred thousand are growth of a table, not a cost of each message.
ALLOCATIONS = 0.0
ALLOCATION_TOLERANCE = 0.0005

# Bytes of private memory for each of very many idle connections.
MEMORY_PER_CONNECTION = 400.0

# Processor seconds used in five seconds with no descriptor left.
STARVED_CPU_SECONDS = 0.2

# Bytes a second, and for each second of the forwarder's processor time: relaying over copying. And a file by sendFile over reading and
# writing it, and over sendfile(2) called from C.
RELAY_RATIO = 1.5
SENDFILE_OVER_COPY = 1.5
SENDFILE_OVER_C = 0.9

# What may be left of churned connections: no descriptor, and no more than the allocator's own unrest.
CHURN_DESCRIPTORS = 0
CHURN_BYTES = 128 * 1024

# What re-arming one of a million timeouts may cost over one of a thousand, the memory's own part taken away.
REARM_GROWTH = 2.0

# Processor time of a line of 64 B, in nanoseconds; live, that of receiving it with it. Allocations of a frame: two for a piece of 1,024
# that ends in the middle of one.
FRAMING_NANOSECONDS = {"64 KiB pieces": 25, "live": 50}
FRAMING_ALLOCATIONS = 2 / 1024

# Private memory that a slow reader may hold: the high mark, the piece that passed it, and what keeps them.
SLOW_READER_BYTES = 64 * 1024 + 2 * 16 * 1024
# What clients may notice of handovers from one process to the next.
HANDOVERS = 20
HANDOVER_ERRORS = 0

# The comparison: work, another server, and the least that the library's throughput over that server's may be.
COMPARED = [
    ("echo 64 B x 64", "c-epoll", 0.95),
    ("echo 64 B x 64", "nio", 1.25),
    ("echo 64 B x 64", "c-bufferevent", 1.25),
    ("echo 16 KiB x 64", "c-bufferevent", 4.0),
    ("connect-echo-close", "nio", 1.3),
]
# Private memory of a connection, idle and used, over that of SwiftNIO's.
MEMORY_OVER_NIO = 0.2

# The guard: what was measured, and for memory a little room, since an allocator grows by pages.
CALLS_PER_CONNECTION = {"reactor": 12.0, "native": 12.0}
ALLOCATIONS_PER_CONNECTION = {"reactor": 5.0, "native": 4.0}
# The closure itself, which the caller's code allocates; the list of calls grows now and then.
ALLOCATIONS_PER_CALL = 1.0
GUARDED_MEMORY = {"reactor": 370.0, "native": 180.0}

# Timers and calls between threads: another program, a step, and how many times faster the library must be.
MICRO = {
    "timers 10,000": [("nio", "set", 3.0), ("nio", "re-arm", 3.0), ("nio", "cancel", 3.0)],
    "schedule": [("nio", "set", 3.0)],
    "calls 1": [("nio", "call", 1.5)],
    "calls 8": [("nio", "call", 1.5)],
}

# TLS: the server's processor time a message over that of SwiftNIO with NIOSSL.
TLS_OVER_NIO = {"echo 64 B": 0.75, "echo 16 KiB, ChaCha20": 0.8, "handshake, RSA-2048": 0.85,
                "handshake, EC P-256": 1.6}
# And of a message of 256 KiB over that of its encryption and decryption alone.
TLS_OVER_CIPHER = 1.25
TLS_INSTRUCTIONS = 16_800
# System calls: as many as without TLS, but for how many connections share a wait; and of 256 KiB.
TLS_CALLS_TOLERANCE = 0.05
TLS_CALLS_OF_256_KIB = 11.0
# Bytes of a connection that has sent nothing, after the handshake, in the middle of it, and what 256 KiB leave behind.
TLS_MEMORY = {"silent": 700.0, "established": 15_000.0, "unfinished": 45_000.0, "large": 300.0}
# What OpenSSL makes for a message and frees after it: a buffer to read the record into and one to write it from, of
# 16.7 KB each, which would otherwise stay with the connection (SSL_MODE_RELEASE_BUFFERS), and four times the 40 bytes by
# which it writes a header.
TLS_ALLOCATIONS_OF_OPENSSL = 6.0
# The guard: bytes of the heap a connection, with a little room above what was measured.
GUARDED_TLS = {
    "reactor-tls": {"silent": 680.0, "established": 14_400.0, "unfinished": 45_000.0, "large": 100.0},
    "native-tls": {"silent": 520.0, "established": 14_300.0, "unfinished": 45_000.0, "large": 100.0},
}
