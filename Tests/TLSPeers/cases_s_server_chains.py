"""Certificates of `openssl s_server`, good and bad, for the library's clients."""

import json

from harness import Program, case, check, client, example_client, file, scratch
from s_server import VERSIONS, refuses, reversing, s_server

NAMED = {
    "expired": ("bad/expired", "not trusted: certificate has expired"),
    "wrong-name": ("bad/wrong-name", 'not valid for "?localhost'),
    "self-signed": ("bad/self-signed", "not trusted: self.signed certificate"),
    "missing-intermediate": ("bad/missing-intermediate", "not trusted: unable to get local issuer"),
}
for label, (identity, words) in NAMED.items():

    @case(f"s_server-{label}")
    def _(identity=identity, words=words):
        for flag, _ in VERSIONS.values():
            end, port = s_server(flag, "-www", identity=identity)
            refuses(example_client(port), words)


@case("s_server-reversed-chain")
def _():
    parts = file("alternate-chain.pem").read_bytes().split(b"-----END CERTIFICATE-----\n")[:3]
    chain = scratch("chain.pem", b"".join(part + b"-----END CERTIFICATE-----\n" for part in reversed(parts[1:])))
    end, port = s_server("-www", identity="alternate-chain", chain=chain)
    check(example_client(port, trust="alternate-trust.pem").finish() == 0, "a chain out of order is refused")


@case("s_server-alternate-chain")
def _():
    end, port = s_server("-www", identity="alternate-chain")
    check(example_client(port, trust="alternate-trust.pem").finish() == 0, "the shorter path is not found")
    refuses(example_client(port, trust="bad/expired-root-trust.pem"), "not trusted: certificate has expired")


@case("s_server-oversized-chain")
def _():
    end, port = reversing(identity="bad/oversized-chain")
    refuses(client(port), "handshake failed.*excessive message size")


@case("s_server-every-certificate", limit=60)
def _():
    wrong = []
    for entry in json.loads(file("manifest.json").read_text())["identities"]:
        if entry["role"] != "server" or entry["outcome"].startswith("cannot") or entry["revocation"]:
            continue
        options = ["-cert", file(entry["certificate"]), "-key", file(entry["key"]), "-cert_chain",
                   file(entry["certificate"])]
        if entry["password"]:
            options += ["-pass", f"pass:{entry['password']}"]
        end = Program("openssl", "s_server", "-accept", "0", "-rev", "-cipher", "ALL:@SECLEVEL=0", *options)
        port = int(end.expect(r"ACCEPT \S*:(\d+)\s")[1])
        peer = client(port, "--host=127.0.0.1", f"--name={entry['host']}", "--send=hello\n", "--until=6",
                      trust=entry["trust"])
        status = peer.finish()
        words = {0: "closed in order", 62: "not valid for", 64: "not valid for"}.get(entry["error"], "not trusted")
        if words not in peer.text or (status == 0) != (entry["error"] == 0):
            wrong.append(f"{entry['name']}: {entry['outcome']}, but {peer.text.strip().splitlines()[-1]}")
        end.kill()
        peer.kill()
    check(not wrong, "; ".join(wrong))
