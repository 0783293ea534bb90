"""The example and the real server, started on free ports, for the scripts beside this file."""

import os
import socket
import subprocess
import time
from contextlib import contextmanager

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.environ.get("REDIS_SERVER_EXAMPLE", f"{ROOT}/.build/release/RedisServer")


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def connect(port):
    """Connects; a server that has just been started may need a moment."""
    for _ in range(200):
        try:
            link = socket.create_connection(("127.0.0.1", port))
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return link
        except ConnectionRefusedError:
            time.sleep(0.02)
    raise AssertionError(f"nothing listens at port {port}")


class Server:
    def __init__(self, name, command, port):
        self.name = name
        self.port = port
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        connect(port).close()

    def resident(self):
        """Resident memory in bytes."""
        with open(f"/proc/{self.process.pid}/status") as lines:
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))

    def seconds(self):
        """Processor time, in user and kernel."""
        with open(f"/proc/{self.process.pid}/schedstat") as file:
            return int(file.read().split()[0]) / 1e9


@contextmanager
def both(pin=None):
    """Yields the example and the real server; `pin` is a core for both."""
    prefix = ["taskset", "-c", str(pin)] if pin is not None else []
    ports = [free_port(), free_port()]
    servers = []
    try:
        servers.append(Server("RedisServer", prefix + [PROGRAM, str(ports[0])], ports[0]))
        servers.append(Server("redis-server", prefix + [
            "redis-server", "--port", str(ports[1]), "--save", "", "--appendonly", "no", "--dir", "/tmp"], ports[1]))
        yield servers
    finally:
        for server in servers:
            server.process.terminate()
            server.process.wait()
