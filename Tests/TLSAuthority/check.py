"""Checks that OpenSSL judges the files of the test authority as the manifest says.

Every identity is judged twice, at security levels 2 and 1: by `openssl verify`, and in a handshake in memory by
Python's ssl module, which is OpenSSL with X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS and here with NEVER_CHECK_SUBJECT.
"""

import ipaddress
import json
import os
import re
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor


def is_address(host):
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def command_error(folder, entry, level):
    """The first error of `openssl verify`. It may go on, but a handshake ends there."""
    file, host = folder / entry["certificate"], entry["host"]
    arguments = ["-purpose", "sslclient" if entry["role"] == "client" else "sslserver", "-auth_level", str(level)]
    if host:
        arguments += ["-verify_ip" if is_address(host) else "-verify_hostname", host]
    if entry["revocation"]:
        arguments += ["-crl_check", "-CRLfile", folder / entry["revocation"]]
    done = subprocess.run(["openssl", "verify", "-no-CApath", "-no-CAstore", "-CAfile", folder / entry["trust"],
                           "-untrusted", file, *arguments, file], capture_output=True, text=True)
    found = re.search(r"^error (\d+) at", done.stdout + done.stderr, re.M)
    return int(found[1]) if found else 0 if done.returncode == 0 else done.stderr


def handshake(folder, entry, level):
    """The verification error of a handshake, or the reason, last of OpenSSL's queue, that it fails for otherwise."""
    client, server = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client.check_hostname = entry["role"] == "server"
    client.hostname_checks_common_name = False
    shows, verifies = (server, client) if entry["role"] == "server" else (client, server)
    shows.verify_mode, verifies.verify_mode = ssl.CERT_NONE, ssl.CERT_REQUIRED
    shows.set_ciphers("DEFAULT:@SECLEVEL=0")
    verifies.set_ciphers(f"DEFAULT:@SECLEVEL={level}")
    verifies.load_verify_locations(folder / entry["trust"])
    if entry["revocation"]:
        verifies.load_verify_locations(folder / entry["revocation"])
        verifies.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    try:
        shows.load_cert_chain(folder / entry["certificate"], folder / entry["key"], entry["password"])
        if verifies is server:
            server.load_cert_chain(folder / "server.pem", folder / "server.key")
    except ssl.SSLError as error:
        return None, "PEM_LIB" if "PEM lib" in str(error) else error.reason
    except FileNotFoundError:
        return None, "ENOENT"
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [client.wrap_bio(to_client, to_server, server_hostname=entry["host"]),
             server.wrap_bio(to_server, to_client, server_side=True)]
    for _ in range(20):  # More flights than a handshake has.
        for side in list(sides):
            try:
                side.do_handshake()
                sides.remove(side)
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLCertVerificationError as error:
                return error.verify_code, None
            except ssl.SSLError as error:
                return None, error.reason
    return (None, "unfinished") if sides else (0, None)


def identity_problems(folder, entry):
    found = []
    for level, error in [(2, entry["error"]), (1, entry["errorAtLevel1"])]:
        command = entry["commandError"] if entry["commandError"] != entry["error"] else error
        if error is not None and (given := command_error(folder, entry, level)) != command:
            found.append(f"{entry['name']}: openssl verify gives {given} at level {level}, not {command}")
        if (given := handshake(folder, entry, level)) != (error, entry["reason"]):
            found.append(f"{entry['name']}: a handshake gives {given} at level {level}, not {error, entry['reason']}")
    return found


# Arguments of `openssl` before the name of the file, and what it then prints.
KEY = ["pkey", "-passin", "pass:secret", "-noout", "-check", "-in"], "^Key is valid\n"
OCSP = ["ocsp", "-issuer", "intermediate.pem", "-cert", "server.pem", "-CAfile", "root.pem",
        "-verify_other", "intermediate.pem", "-respin"]
FILES = {
    "server-encrypted.key": KEY,
    "server-legacy-encrypted.key": KEY,
    "server.p12": (["pkcs12", "-passin", "pass:secret", "-nokeys", "-in"], "CN = server\n(.|\n)*Test intermediate"),
    "server.der": (["x509", "-inform", "DER", "-noout", "-subject", "-in"], "^subject=CN = server\n"),
    "crl.pem": (["crl", "-noout", "-text", "-in"], "Issuer: CN = Test intermediate\n(.|\n)*Serial Number: "),
    "ocsp-good.der": (OCSP, "^Response verify OK\nserver.pem: good\n"),
    "ocsp-revoked.der": (OCSP, "^Response verify OK\nserver.pem: revoked\n"),
    "ocsp-expired.der": (OCSP, "^Response verify OK\nserver.pem: WARNING: Status times invalid.\n(.|\n)*^good\n"),
    "ocsp-untrusted.der": (OCSP, "^Response Verify Failure\n"),
}


def file_problems(folder, name):
    arguments, expected = FILES[name]
    done = subprocess.run(["openssl", *arguments, name], cwd=folder, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return [] if re.search(expected, done.stdout, re.M) else [f"{name}: openssl prints {done.stdout}"]


def problems(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [*pool.map(lambda entry: identity_problems(folder, entry), manifest["identities"]),
                 *pool.map(lambda entry: file_problems(folder, entry["file"]), manifest["files"])]
    return [problem for each in found for problem in each]
