#!/usr/bin/env python3
"""Runs real TLS peers against this library, as a server and as a client, and checks how each case turns out.

    Tests/TLSPeers/peers.py [--build-folder .build/release] [--only NAME...] [--list]
    Tests/TLSPeers/peers.py --install    installs what is missing, on a Debian machine: packages, and two venvs

The build folder needs TLSEcho, TLSClient and TLSPeer: `swift build -c release --product` each. A NAME is that of a case
or the beginning of some. Ends with a status of 1 if a case failed.
"""

import sys

sys.dont_write_bytecode = True

import argparse
import importlib
import shutil
import subprocess
import tempfile
from pathlib import Path

import harness
from harness import CASES, Setting

PACKAGES = {"openssl": "openssl", "curl": "curl", "gnutls-cli": "gnutls-bin", "testssl": "testssl.sh"}
# Each in a venv of its own, by the version that the cases were written for.
VENVS = {"tlslite": "tlslite-ng==0.8.2", "sslyze": "sslyze==6.3.1"}


def missing():
    return [command for command in PACKAGES if not shutil.which(command)] + [
        name for name in VENVS if not (Setting.tools / name / "complete").exists()]


def install():
    packages = sorted(package for command, package in PACKAGES.items() if not shutil.which(command))
    if packages:
        subprocess.run(["apt-get", "install", "-y", "-qq", *packages], check=True)
    for name in set(missing()) & set(VENVS):
        venv = Setting.tools / name
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
        subprocess.run([venv / "bin/pip", "install", "-q", "--disable-pip-version-check", VENVS[name]], check=True)
        (venv / "complete").touch()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build-folder", type=Path, default=Setting.build)
    parser.add_argument("--tools", type=Path, default=Setting.tools, help="where the venvs are")
    parser.add_argument("--install", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--only", nargs="+", metavar="NAME")
    options = parser.parse_args()
    Setting.build = options.build_folder.resolve()
    Setting.tools = options.tools.resolve()
    if options.install:
        return install()

    for path in sorted(harness.HERE.glob("cases_*.py")):
        importlib.import_module(path.stem)

    names = [name for name in CASES if not options.only or any(name.startswith(only) for only in options.only)]
    if options.list:
        return print("\n".join(names))
    if not names:
        sys.exit("there is no such case: see --list")
    # A case's name begins with that of the tool that it needs.
    lacking = [tool for tool in missing()
               if tool == "openssl" or any(name.startswith(tool.removesuffix("-cli")) for name in names)]
    if lacking:
        sys.exit(f"{', '.join(lacking)} missing: peers.py --install")
    for program in ("TLSEcho", "TLSClient", "TLSPeer"):
        if not (Setting.build / program).exists():
            sys.exit(f"{Setting.build / program} is missing: swift build -c release --product {program}")

    failed = []
    with tempfile.TemporaryDirectory(prefix="tls-peers-authority-") as folder:
        Setting.authority = Path(folder) / "authority"
        make = harness.ROOT / "Tests/TLSAuthority/make.py"
        subprocess.run([sys.executable, make, Setting.authority], check=True)
        for name in names:
            reason, seconds = harness.run(name)
            word = "FAILED" if reason else "ok"
            print(f"{word:6} {seconds:6.2f} s  {name}{': ' + reason if reason else ''}", flush=True)
            if reason:
                failed.append(name)
    print(f"{len(names)} cases, {len(failed)} failed{': ' if failed else ''}{', '.join(failed)}")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
