"""Child processes that never outlive the driver, and what the kernel knows about them."""

import os
import select
import signal
import subprocess
import tempfile
import time
from pathlib import Path


class HarnessError(Exception):
    """A measurement that could not be made, as opposed to one that fell short."""


def spawn(command, cpus=None, nofile=None, env=None, **options):
    """Starts a command pinned to the given cpus, killed with its parent. The child's pid is the command's own, since
    each wrapper replaces itself by the next."""
    wrapped = ["setpriv", "--pdeathsig", "KILL"]
    if cpus:
        wrapped += ["taskset", "-c", ",".join(map(str, cpus))]
    if nofile:
        wrapped += ["prlimit", f"--nofile={nofile}:{nofile}"]
    if env:
        # Set last, so that what is preloaded is preloaded into the command alone.
        wrapped += ["env", *(f"{name}={value}" for name, value in env.items())]
    return subprocess.Popen(wrapped + [str(part) for part in command], **options)


def stop(process, patience=5):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def read_line(process, stream, patience, what):
    """The next line of an unbuffered binary pipe, without waiting for ever."""
    deadline, line = time.monotonic() + patience, b""
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([stream], [], [], max(0, deadline - time.monotonic()))
        byte = os.read(stream.fileno(), 1) if ready else b""
        if not byte:
            state = "is silent" if not ready else f"ended, status {process.wait()}"
            raise HarnessError(f"{what} {state}")
        line += byte
    return line.decode().strip()


def stolen_seconds(cpus):
    """Time in which the hypervisor gave these processors to others."""
    wanted, stolen = {f"cpu{cpu}" for cpu in cpus}, 0
    for line in Path("/proc/stat").read_text().splitlines():
        fields = line.split()
        if fields[0] in wanted:
            stolen += int(fields[8])
    return stolen / os.sysconf("SC_CLK_TCK")


class Server:
    """A running server: `with Server(spec, ...) as server: server.port`."""

    def __init__(self, spec, binaries, cpus, nofile=None, env=None, arguments=(), port=0):
        self.spec = spec
        self.command = [*spec.command(Path(binaries)), "--port", port, *spec.arguments, *arguments]
        self.cpus = cpus
        self.options = dict(cpus=cpus, nofile=nofile, env=env)

    def __enter__(self):
        return self.launch().wait()

    def launch(self):
        """Starts it, so that several can start at once; `wait()` has to follow."""
        self.errors = tempfile.TemporaryFile()
        self.process = spawn(self.command, stdout=subprocess.PIPE, stderr=self.errors, bufsize=0, **self.options)
        return self

    def wait(self):
        """Until it listens."""
        try:
            line = read_line(self.process, self.process.stdout, 10, self.spec.name)
            words = line.split()
            if words[:2] != ["listening", "on"]:
                raise HarnessError(f"{self.spec.name} said {line!r} instead of its port")
        except HarnessError as error:
            stop(self.process)
            raise HarnessError(f"{error}{self.complaint()}") from None
        except BaseException:
            stop(self.process)
            raise
        self.pid, self.port = self.process.pid, int(words[2])
        return self

    def __exit__(self, *_):
        status = self.process.poll()
        stop(self.process)
        self.process.stdout.close()
        complaint = self.complaint()
        self.errors.close()
        if status is not None:
            raise HarnessError(f"{self.spec.name} ended by itself, status {status}{complaint}")

    def complaint(self):
        self.errors.seek(0)
        text = self.errors.read().decode(errors="replace").strip()
        return f":\n{text[-2000:]}" if text else ""

    def cpu_seconds(self):
        """Seconds in user space and in the kernel, by the kernel's clock tick."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        tick = os.sysconf("SC_CLK_TCK")
        return int(fields[11]) / tick, int(fields[12]) / tick

    def running_seconds(self):
        """Seconds on a processor of all its threads, exact."""
        threads = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9

    def private_bytes(self):
        """Memory that this process alone has written to. Clean private pages are left out: those are pages of program
        files, which turn shared and private again as unrelated processes come and go."""
        for line in Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Private_Dirty:"):
                return int(line.split()[1]) * 1024
        raise HarnessError("the kernel does not tell private memory")

    def descriptor_count(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def settled_descriptor_count(self):
        """The count once it has stopped changing: what clients have closed, the server closes a little later."""
        count, unchanged = self.descriptor_count(), 0
        while unchanged < 10:
            time.sleep(0.02)
            now = self.descriptor_count()
            count, unchanged = now, unchanged + 1 if now == count else 0
        return count

    def wait_for_descriptors(self, count, patience=10, or_more=False):
        """Waits until that many are open; whether it came to that. A server may open some for itself meanwhile: for
        those that do there is `or_more`."""
        deadline = time.monotonic() + patience
        while (now := self.descriptor_count()) != count and not (or_more and now > count):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.001)
        return True
