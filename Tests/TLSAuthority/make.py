#!/usr/bin/env python3
"""Makes a certificate authority for tests, with every kind of good and bad certificate.

    Tests/TLSAuthority/make.py FOLDER [--only NAME...]   writes the files and manifest.json, unless they are there
    Tests/TLSAuthority/make.py --check FOLDER            fails if OpenSSL does not judge them as the manifest says

Needs `openssl` of OpenSSL 3.0 and Python's standard library. The folder appears complete or not at all. Names, serial
numbers and dates are the same in every run; keys and signatures are not. Only errors are printed.
"""

import sys

sys.dont_write_bytecode = True

import argparse
import fcntl
import hashlib
import json
import os
import re
import shutil
import ssl
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import check
from certificates import CERTIFICATES, END_ENTITY, EXPIRED, IDENTITIES, KEY_USAGE, KEYS, PASSWORD, TRUST, VALID
from certificates import certificate

HERE = Path(__file__).resolve().parent
WORK = Path()  # Where requests, keys and single certificates are while the folder is made.
FILES = {}


def openssl(*arguments, data=None):
    done = subprocess.run(["openssl", *map(str, arguments)], input=data, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"openssl {' '.join(map(str, arguments))}: {done.stderr.decode(errors='replace')}")
    return done.stdout


def key_text(key):
    return (WORK / f"{key}.key").read_text()


def chain_text(names):
    return "".join((WORK / f"{name}.crt").read_text() for name in names)


def make_key(key):
    """Makes a key, and a request signed by it: the form in which `openssl ca` takes a public key."""
    if key == "dsa":
        openssl("genpkey", "-genparam", "-algorithm", "DSA", "-pkeyopt", "dsa_paramgen_bits:2048", "-out",
                WORK / "dsa.parameters")
    openssl("req", "-new", "-nodes", "-subj", "/CN=request", "-keyout", WORK / f"{key}.key", "-out",
            WORK / f"{key}.csr", "-newkey", *[argument.format(work=WORK) for argument in KEYS[key]])


def database(name, serial="01", index="", extensions=None):
    """The folder that `openssl ca` needs. Each run has its own, so that several can run at once."""
    folder = WORK / "ca" / name.replace("/", "+")
    folder.mkdir(parents=True)
    (folder / "index").write_text(index)
    (folder / "serial").write_text(serial + "\n")
    (folder / "cnf").write_text(
        f"[ca]\ndefault_ca=own\n[own]\ndatabase={folder}/index\nserial={folder}/serial\nnew_certs_dir={folder}\n"
        "default_md=sha256\npolicy=policy\n" + ("x509_extensions=extensions\n" if extensions else "") +
        f"[policy]\ncommonName=supplied\n[extensions]\n{extensions or ''}\n")
    return folder


def make_certificate(name):
    """Uses `openssl ca`, since `openssl x509 -req` of OpenSSL 3.0 takes no dates."""
    spec = CERTIFICATES[name]
    issuer = CERTIFICATES.get(spec["issuer"])
    signer = ["-cert", WORK / f"{spec['issuer']}.crt"] if issuer else ["-selfsign"]
    path = WORK / f"{name}.crt"
    path.parent.mkdir(exist_ok=True)
    openssl("ca", "-batch", "-notext", "-config", database(name, spec["serial"], extensions=spec["extensions"]) / "cnf",
            "-in", WORK / f"{spec['key']}.csr", "-out", path, "-subj", f"/CN={spec['subject']}", *signer,
            "-keyfile", WORK / f"{(issuer or spec)['key']}.key", "-md", spec["digest"],
            "-startdate", spec["dates"][0], "-enddate", spec["dates"][1])
    if spec["damaged"]:
        der = bytearray(ssl.PEM_cert_to_DER_cert(path.read_text()))
        der[-1] ^= 1  # The signature is last.
        path.write_text(ssl.DER_cert_to_PEM_cert(bytes(der)))


# Other files.


def file(name, what, needs):
    """Registers what makes a file, given its path, from certificates that it names."""
    def register(make):
        FILES[name] = dict(make=make, needs=needs, entry=dict(file=name, what=what))
    return register


@file("server-encrypted.key", "server.key in PKCS#8, password secret", ["server"])
def _(path):
    openssl("pkcs8", "-topk8", "-in", WORK / "server.key", "-passout", f"pass:{PASSWORD}", "-out", path)


@file("server-legacy-encrypted.key", "server.key in traditional PEM encryption, password secret", ["server"])
def _(path):
    openssl("ec", "-in", WORK / "server.key", "-aes128", "-passout", f"pass:{PASSWORD}", "-out", path)


@file("server.p12", "server.pem and its key in PKCS#12, password secret", ["server"])
def _(path):
    openssl("pkcs12", "-export", "-in", WORK / "server.crt", "-inkey", WORK / "server.key", "-certfile",
            WORK / "intermediate.crt", "-name", "server", "-passout", f"pass:{PASSWORD}", "-out", path)


@file("server.der", "the leaf of server.pem in DER", ["server"])
def _(path):
    path.write_bytes(ssl.PEM_cert_to_DER_cert((WORK / "server.crt").read_text()))


def record(name, revoked):
    """A line of the database in which `openssl ca` and `openssl ocsp` look a certificate up."""
    spec = CERTIFICATES[name]
    state, date = ("R", "200601000000Z") if revoked else ("V", "")
    return "\t".join([state, spec["dates"][1][2:], date, spec["serial"], "unknown", f"/CN={spec['subject']}\n"])


@file("crl.pem", "revocation lists of intermediate.pem, with bad/revoked, and of root.pem, empty", ["bad/revoked"])
def _(path):
    lists = [openssl("ca", "-gencrl", "-config", database(f"crl-{name}", index=index) / "cnf", "-cert",
                     WORK / f"{name}.crt", "-keyfile", WORK / f"{name}.key", "-crl_lastupdate", VALID[0],
                     "-crl_nextupdate", VALID[1])
             for name, index in [("intermediate", record("bad/revoked", True)), ("root", "")]]
    path.write_bytes(b"".join(lists))


# The key of the OCSP responder is RSA, since signatures then have one length and can be replaced in place.
certificate("responder", END_ENTITY + KEY_USAGE + "extendedKeyUsage=OCSPSigning\nnoCheck=ignored\n", key="rsa")


def respond(path, revoked=False, signer="responder"):
    index = database(path.stem, index=record("server", revoked)) / "index"
    openssl("ocsp", "-index", index, "-CA", WORK / "intermediate.crt", "-rsigner", WORK / f"{signer}.crt",
            "-rkey", WORK / f"{CERTIFICATES[signer]['key']}.key", "-issuer", WORK / "intermediate.crt",
            "-cert", WORK / "server.crt", "-ndays", "7000", "-no_nonce", "-noverify", "-respout", path)


def contents(der, at):
    """Where the contents of the DER value at an offset begin, and where the value ends."""
    length, start = der[at + 1], at + 2
    if length >= 0x80:
        start += length & 0x7F
        length = int.from_bytes(der[at + 2:start], "big")
    return start, start + length


def respond_expired(path):
    """`openssl ocsp` takes no dates: they are replaced in a good response, which is then signed again."""
    respond(path)
    der = bytearray(path.read_bytes())
    status, _ = contents(der, 0)
    wrapped, _ = contents(der, contents(der, status)[1])
    identifier, _ = contents(der, wrapped)
    basic, _ = contents(der, contents(der, identifier)[1])
    begin, _ = contents(der, basic)
    _, end = contents(der, begin)
    signature = contents(der, contents(der, end)[1])[0] + 1  # The first byte of a bit string counts unused bits.
    dates = iter([EXPIRED[0], *EXPIRED])  # producedAt, thisUpdate, nextUpdate
    der[begin:end] = re.sub(rb"(?<=\x18\x0f)\d{14}Z", lambda _: next(dates).encode(), bytes(der[begin:end]))
    signed = openssl("dgst", "-sha256", "-sign", WORK / "rsa.key", data=bytes(der[begin:end]))
    der[signature:signature + len(signed)] = signed
    path.write_bytes(der)


RESPONSE, NEEDS = "OCSP response for the leaf of server.pem by a responder of its issuer: ", ["server", "responder"]
file("ocsp-good.der", RESPONSE + "good", NEEDS)(respond)
file("ocsp-revoked.der", RESPONSE + "revoked", NEEDS)(lambda path: respond(path, revoked=True))
file("ocsp-expired.der", RESPONSE + "good, until 2021", NEEDS)(respond_expired)
file("ocsp-untrusted.der", "OCSP response for the leaf of server.pem by rogue-root.pem", ["server", "rogue-root"])(
    lambda path: respond(path, signer="rogue-root"))


# The whole.


def issue(names, keys, pool):
    """Makes keys and certificates, as many at once as they allow."""
    tasks = {key: pool.submit(make_key, key) for key in KEYS if key in keys}
    made = {}

    def run(name, needs):
        for need in needs:
            need.result()
        make_certificate(name)

    # What a certificate needs is submitted before it: the oldest task never waits.
    for name in sorted(names, key=list(CERTIFICATES).index):
        spec = CERTIFICATES[name]
        needs = [tasks[spec["key"]]] + ([made[spec["issuer"]]] if spec["issuer"] else [])
        made[name] = pool.submit(run, name, needs)
    for task in [*tasks.values(), *made.values()]:
        task.result()


def make(folder, only):
    """Makes what is asked for, and what that needs, in a folder."""
    global WORK
    WORK = folder / "work"
    (folder / "bad").mkdir(parents=True)
    WORK.mkdir()
    identities = {"server"} | {name for name in IDENTITIES if not only or name in only}
    identities |= {IDENTITIES[name]["of"] for name in identities} - {None}
    files = {name for name in FILES if not only or name in only}
    files = files.union(*(IDENTITIES[name]["needs"] for name in identities))
    entries = [spec for name, spec in IDENTITIES.items() if name in identities]
    trust = {"root.pem", "rogue-root.pem"} | {spec["entry"]["trust"] for spec in entries}
    names = {"intermediate"}.union(*(spec["chain"] for spec in entries), *(FILES[name]["needs"] for name in files),
                                   *(TRUST[name] for name in trust))
    while issuers := {CERTIFICATES[name]["issuer"] for name in names} - names - {None}:
        names |= issuers
    keys = {"other"} | {CERTIFICATES[name]["key"] for name in names} | {spec["key"] for spec in entries}
    with ThreadPoolExecutor((os.cpu_count() or 2) + 1) as pool:
        issue(names, keys, pool)
        list(pool.map(lambda name: FILES[name]["make"](folder / name), files))

    texts = {name: chain_text(TRUST[name]) for name in trust}
    texts |= {"intermediate.pem": chain_text(["intermediate"]), "intermediate.key": key_text("intermediate"),
              "root.key": key_text("root"), "rogue-root.key": key_text("rogue")}
    for spec in entries:
        if spec["of"] is None:
            chain, key = chain_text(spec["chain"]), key_text(spec["key"])
            texts[spec["entry"]["certificate"]] = spec["text"](chain) if spec["text"] else chain
            texts[spec["entry"]["key"]] = spec["key_text"](key, key_text("other")) if spec["key_text"] else key
    for name, text in texts.items():
        if text is not None:
            (folder / name).write_text(text)
    shutil.rmtree(WORK)
    manifest = dict(version=version(), identities=[spec["entry"] for spec in entries],
                    files=[spec["entry"] for name, spec in FILES.items() if name in files])
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")


def version():
    return hashlib.sha256(b"".join((HERE / name).read_bytes() for name in ["make.py", "certificates.py"])).hexdigest()


def is_current(folder, only):
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
    except (OSError, ValueError):
        return False
    made = {entry["name"] for entry in manifest["identities"]} | {entry["file"] for entry in manifest["files"]}
    return manifest["version"] == version() and made >= set(only or [*IDENTITIES, *FILES])


def install(folder, only):
    """Makes the files next to the folder, then renames them into its place. One process at a time."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder.parent, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    if is_current(folder, only):
        return
    if folder.exists() and any(folder.iterdir()) and not (folder / "manifest.json").exists():
        raise RuntimeError(f"{folder} is not empty, and not made by this script")
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        made = Path(scratch) / "new"
        make(made, only)
        if folder.exists():
            folder.rename(Path(scratch) / "old")
        made.rename(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=lambda text: Path(text).absolute())
    parser.add_argument("--only", nargs="+", metavar="NAME", help="identities or files, as named in the manifest")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if unknown := set(options.only or []) - {*IDENTITIES, *FILES}:
        parser.error(f"no such names: {' '.join(sorted(unknown))}")
    try:
        problems = check.problems(options.folder) if options.check else install(options.folder, options.only)
    except (RuntimeError, OSError) as error:
        problems = [str(error)]
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
