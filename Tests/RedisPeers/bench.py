#!/usr/bin/env python3
"""Measures the example beside the real server: `Tests/RedisPeers/bench.py [rounds [core of servers, core of load]]`.

Throughput by redis-benchmark, processor time a request, and memory of a million small keys. The two are measured in
turn, the figures are medians, and a ratio above 1 means that the example does better.
"""

import subprocess
import sys
from statistics import median

import servers

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
CORES = sys.argv[2:4] if len(sys.argv) > 3 else ["0", "1"]
REQUESTS = {1: 100_000, 16: 500_000, 64: 1_000_000}


def load(server, command, pipeline, count):
    """Runs redis-benchmark, and returns requests a second and microseconds of processor time a request."""
    before = server.seconds()
    text = subprocess.run(
        ["taskset", "-c", CORES[1], "redis-benchmark", "-p", str(server.port), "-n", str(count), "-P", str(pipeline),
         "-t", command, "-q", "--csv"], capture_output=True, text=True, check=True).stdout
    rate = float(text.strip().splitlines()[-1].split(",")[1].strip('"'))
    return rate, (server.seconds() - before) / count * 1e6


def throughput():
    with servers.both(pin=CORES[0]) as pair:
        for command in ["set", "get"]:
            for pipeline, count in REQUESTS.items():
                results = [[], []]
                for turn in range(ROUNDS):
                    for index in (0, 1) if turn % 2 == 0 else (1, 0):
                        results[index].append(load(pair[index], command, pipeline, count))
                rates = [median(rate for rate, _ in result) for result in results]
                times = [median(time for _, time in result) for result in results]
                print(f"{command} -P {pipeline}: {rates[0]:,.0f} and {rates[1]:,.0f} requests a second, ratio "
                      f"{rates[0] / rates[1]:.2f}; {times[0]:.3f} and {times[1]:.3f} µs of processor time a request, "
                      f"ratio {times[1] / times[0]:.2f}", flush=True)


def memory():
    with servers.both(pin=CORES[0]) as pair:
        used = []
        for server in pair:
            before = server.resident()
            with servers.connect(server.port) as link:
                for start in range(0, 1_000_000, 1000):
                    link.sendall(b"".join(
                        b"*3\r\n$3\r\nSET\r\n$16\r\nkey:%012d\r\n$3\r\nxxx\r\n" % key
                        for key in range(start, start + 1000)))
                    data = 0
                    while data < 5000:
                        data += len(link.recv(65536))
            used.append(server.resident() - before)
        print(f"a million keys of 16 bytes with values of 3: {used[0] / 1e6:.1f} and {used[1] / 1e6:.1f} MB, "
              f"{used[0] / used[1]:.2f} times as much")


memory()
throughput()
