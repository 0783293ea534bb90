"""Builds the servers under Peers/, as far as this machine can: the others are left out, and a line says why."""

import re
import shutil
import subprocess
import sys

from .servers import BUILT, PACKAGE, PEERS, PYTHON


def last_line(error):
    lines = (error.stderr or "").strip().splitlines() if isinstance(error, subprocess.CalledProcessError) else []
    return lines[-1].strip() if lines else str(error)


def run(*command):
    subprocess.run([str(part) for part in command], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                   stderr=subprocess.PIPE, text=True)


def output(*command):
    return subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def need(*commands):
    for command in commands:
        if shutil.which(command) is None:
            raise FileNotFoundError(f"{command} is not installed")


def prepare_swift(specs, note):
    note("building the Swift peers (SwiftNIO and FlyingSocks take a minute or two the first time)")
    run("swift", "build", "-c", "release", "--package-path", PEERS)
    checkouts = output("swift", "package", "--package-path", PEERS, "show-dependencies", "--format", "json")
    versions = dict(re.findall(r'"identity": "([^"]+)".*?"version": "([^"]+)"', checkouts, re.DOTALL))
    return {spec.name: "swift-nio " + versions.get("swift-nio", "?") if "NIO" in spec.product
            else "FlyingFox " + versions.get("flyingfox", "?") for spec in specs}


def prepare_swift_tls(specs, note):
    package = PEERS / "TLS"
    note("building SwiftNIO with NIOSSL (the first time BoringSSL takes many minutes)")
    run("swift", "build", "-c", "release", "--package-path", package)
    checkouts = output("swift", "package", "--package-path", package, "show-dependencies", "--format", "json")
    versions = dict(re.findall(r'"identity": "([^"]+)".*?"version": "([^"]+)"', checkouts, re.DOTALL))
    known = ", ".join(f"{name} {versions.get(name, '?')}" for name in ("swift-nio", "swift-nio-ssl"))
    return {spec.name: known for spec in specs}


def prepare_libuv(specs, note):
    need("cc", "pkg-config")
    try:
        version = output("pkg-config", "--modversion", "libuv")
    except subprocess.CalledProcessError:
        raise FileNotFoundError("libuv is not installed (Debian: libuv1-dev)") from None
    flags = output("pkg-config", "--cflags", "--libs", "libuv").split()
    BUILT.mkdir(parents=True, exist_ok=True)
    run("cc", "-O2", "-o", BUILT / specs[0].product, PEERS / "libuv" / "main.c", *flags)
    return {specs[0].name: f"libuv {version}"}


def prepare_go(specs, note):
    need("go")
    BUILT.mkdir(parents=True, exist_ok=True)
    run("go", "build", "-o", BUILT / specs[0].product, PEERS / "go" / "main.go")
    return {specs[0].name: output("go", "version").split()[2]}


def make_environment():
    """A Python of the tool's own, for peers and plots."""
    if PYTHON.exists():
        return
    try:
        run(sys.executable, "-m", "venv", PACKAGE / ".venv")
    except subprocess.CalledProcessError:
        shutil.rmtree(PACKAGE / ".venv", ignore_errors=True)
        raise FileNotFoundError("Python cannot make an environment here (Debian: python3-venv)") from None


def install(package):
    """Installs what is not there yet; the version."""
    make_environment()
    ask = [PYTHON, "-c", f"import importlib.metadata as m; print(m.version('{package}'))"]
    try:
        run(*ask)
    except subprocess.CalledProcessError:
        run(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package)
    return f"{package} {output(*ask)}"


def prepare_python(specs, note):
    versions = {}
    make_environment()
    for spec in specs:
        try:
            package = install(spec.needs) + ", " if spec.needs else ""
            versions[spec.name] = package + output(PYTHON, "--version")
        except (OSError, subprocess.SubprocessError) as error:
            note(f"SKIP  {spec.name}: {last_line(error)}")
    return versions


PREPARATIONS = {"swift": prepare_swift, "swift-tls": prepare_swift_tls, "libuv": prepare_libuv, "go": prepare_go, "python": prepare_python}


def prepare(specs, note):
    """Makes the given servers ready; a dictionary of what they are, exactly. Those that are not in it cannot run here,
    and `note` has been given a line that says why."""
    versions = {spec.name: "" for spec in specs if spec.kind not in PREPARATIONS}
    for kind, preparation in PREPARATIONS.items():
        of_kind = [spec for spec in specs if spec.kind == kind]
        if not of_kind:
            continue
        try:
            versions.update(preparation(of_kind, note))
        except (OSError, subprocess.SubprocessError) as error:
            for spec in of_kind:
                note(f"SKIP  {spec.name}: {last_line(error)}")
    return versions
