"""The certificates of the test authority, as data: what each one has, and what OpenSSL 3.0 makes of it."""

from pathlib import Path

PASSWORD = "secret"
EC = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
# Slow ones first. Certificates for which the key does not matter share `authority` and `leaf`.
KEYS = {"dsa": ["dsa:{work}/dsa.parameters"], "rsa": ["rsa:2048"], "weak": ["rsa:1024"], "root": EC,
        "intermediate": EC, "rogue": EC, "authority": EC, "server": EC, "other": EC, "client": EC, "leaf": EC}

# Fixed dates: a certificate does not depend on when the authority was made.
VALID = ("20200101000000Z", "20491231235959Z")
EXPIRED = ("20200101000000Z", "20210101000000Z")
NOT_YET_VALID = ("20480101000000Z", "20491231235959Z")

# X509_V_ERR_... of each outcome; none if the handshake fails before or after verification.
OUTCOMES = {
    "ok": 0, "bad signature": 7, "not yet valid": 9, "expired": 10, "self-signed": 18, "untrusted root": 19,
    "unknown issuer": 20, "revoked": 23, "path too long": 25, "not for this purpose": 26,
    "unhandled critical extension": 34, "name not permitted": 47, "name excluded": 48, "wrong name": 62,
    "weak key": 66, "weak signature": 68, "not an authority": 79, "cannot be loaded": None,
    "cannot be negotiated": None,
}

# Certificates by name, trust files by path, identities by name.
CERTIFICATES, TRUST, IDENTITIES = {}, {}, {}

NAMES = "DNS:localhost,DNS:example.test,DNS:*.example.test,IP:127.0.0.1,IP:::1"
CLIENT_NAMES = "email:client@example.test,URI:urn:example:client"
END_ENTITY = "basicConstraints=CA:FALSE\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
KEY_USAGE = "keyUsage=critical,digitalSignature,keyEncipherment\n"


def certificate(name, extensions, issuer="intermediate", key="leaf", subject=None, dates=VALID, digest="sha256",
                damaged=False):
    """A certificate, signed by the one named `issuer`, or by itself if None. No extensions: of X.509 version 1."""
    serial = f"{0x1000 + len(CERTIFICATES):X}"
    CERTIFICATES[name] = dict(extensions=extensions, issuer=issuer, key=key, subject=subject or Path(name).name,
                              dates=dates, digest=digest, damaged=damaged, serial=serial)


def authority(name, issuer="root", key="authority", path="", extra="", **fields):
    extensions = (f"basicConstraints=critical,CA:TRUE{path}\nkeyUsage=critical,keyCertSign,cRLSign\n"
                  "subjectKeyIdentifier=hash\n" + ("authorityKeyIdentifier=keyid\n" if issuer else "") + extra)
    certificate(name, extensions, issuer, key, subject=f"Test {name}", **fields)


def root(name, file, **fields):
    authority(name, issuer=None, **fields)
    TRUST[file] = [name]


def leaf(name, names=NAMES, usage="serverAuth", key_usage=KEY_USAGE, extra="", **fields):
    extensions = END_ENTITY + key_usage + (f"extendedKeyUsage={usage}\n" if usage else "") + extra
    certificate(name, extensions + (f"subjectAltName={names}\n" if names else ""), **fields)


def identity(name, outcome="ok", chain=None, of=None, key=None, key_file=None, needs=(), text=None, key_text=None,
             host="localhost", trust="root.pem", role="server", password=None, revocation=None, error=None,
             level1=None, command=None, reason=None, note=None, **fields):
    """A chain and a key, and what the peer makes of them.

    `chain` names certificates; without it, other fields describe a leaf of this name; `of` is an identity whose files
    this one has. `text` and `key_text` damage the files. `level1` and `command` are errors that differ from `error`.
    """
    if not chain and not of:
        leaf(name, **{"key": key or "leaf", "usage": f"{role}Auth"} | fields)
        issuer = CERTIFICATES[name]["issuer"]
        is_root = issuer is None or [issuer] in TRUST.values()
        chain = [name] if is_root else [name, issuer]
    error = OUTCOMES[outcome] if error is None else error
    IDENTITIES[name] = dict(
        chain=chain or [], of=of, needs=[*needs, *filter(None, [revocation])], text=text, key_text=key_text,
        key=None if of else key or CERTIFICATES[chain[0]]["key"],
        entry=dict(name=name, role=role, certificate=f"{of or name}.pem", key=key_file or f"{of or name}.key",
                   password=password, trust=trust, revocation=revocation, host=host if role == "server" else None,
                   outcome=outcome, error=error, errorAtLevel1=error if level1 is None else level1,
                   commandError=error if command is None else command, reason=reason, note=note))


def bad(name, outcome, **fields):
    identity(f"bad/{name}", outcome, **fields)


# Authorities, and identities with nothing wrong.
root("root", "root.pem", key="root")
root("rogue-root", "rogue-root.pem", key="rogue")
authority("intermediate", key="intermediate", path=",pathlen:0")
identity("server", key="server")
identity("server-rsa", key="rsa")
identity("server-root", issuer="root")
identity("server-encrypted", of="server", key_file="server-encrypted.key", password=PASSWORD,
         needs=["server-encrypted.key"], note="PKCS#8, encrypted by PBES2 with AES-256")
identity("server-legacy-encrypted", of="server", key_file="server-legacy-encrypted.key", password=PASSWORD,
         needs=["server-legacy-encrypted.key"], note="traditional PEM encryption with AES-128")
identity("server-by-address", of="server", host="127.0.0.1")
identity("server-by-address6", of="server", host="::1")
identity("server-by-wildcard", of="server", host="www.example.test")
identity("server-not-revoked", of="server", revocation="crl.pem")
identity("other", names="DNS:other.test", host="other.test", key="other")
identity("a.test", names="DNS:a.test", host="a.test")
identity("b.test", names="DNS:b.test", host="b.test")
identity("client", role="client", names=CLIENT_NAMES, key="client")
LONG = ".".join(["a" * 61] * 3 + ["b" * 62, "test"])
identity("long-name", names=f"DNS:{LONG}", host=LONG, note="253 bytes, the most that a host name may have")

# Identities of clients that a server refuses.
identity("client-untrusted", "unknown issuer", role="client", names=CLIENT_NAMES, issuer="rogue-root",
         note="signed by rogue-root.pem")
identity("client-expired", "expired", role="client", names=CLIENT_NAMES, dates=EXPIRED)
identity("client-server-usage", "not for this purpose", role="client", names=CLIENT_NAMES, usage="serverAuth")

# Dates.
bad("expired", "expired", dates=EXPIRED)
bad("not-yet-valid", "not yet valid", dates=NOT_YET_VALID)
authority("expired-intermediate", dates=EXPIRED)
bad("expired-intermediate", "expired", issuer="expired-intermediate", note="at depth 1")

# Chains.
bad("self-signed", "self-signed", issuer=None)
leaf("bad/unknown-authority", issuer="rogue-root")
bad("unknown-authority", "untrusted root", chain=["bad/unknown-authority", "rogue-root"],
    note="the chain has its root, which is not trusted")
bad("unknown-authority-without-root", "unknown issuer", chain=["bad/unknown-authority"])
bad("missing-intermediate", "unknown issuer", chain=["server"])
bad("reversed", "cannot be loaded", chain=["intermediate", "server"], key="server", reason="KEY_VALUES_MISMATCH",
    note="the first certificate counts as the leaf, and has another key")
bad("extra-unrelated", "ok", chain=["server", "rogue-root", "intermediate"],
    note="TLS 1.3 wants clients to accept it, and OpenSSL does")
HUGE = [f"huge-{number}" for number in range(28)]
for issuer, name in zip(["root"] + HUGE, HUGE):
    authority(name, issuer=issuer)
leaf("bad/huge-chain", issuer=HUGE[-1])
bad("huge-chain", "ok", chain=["bad/huge-chain"] + HUGE[::-1],
    note="29 certificates; OpenSSL allows 100, and beyond a limit that is set gives error 22")
bad("oversized-chain", "cannot be negotiated", chain=["server"] + ["intermediate"] * 300,
    reason="EXCESSIVE_MESSAGE_SIZE", note="more than the 100 KiB of SSL_CTX_set_max_cert_list")

# As when a well-known root expired in 2020: servers went on to send the path to the old root.
root("old-root", "bad/expired-root-trust.pem", key="rogue", dates=EXPIRED)
root("new-root", "alternate-trust.pem")
TRUST["alternate-trust.pem"] = ["new-root", "old-root"]
CERTIFICATES["cross"] = dict(CERTIFICATES["new-root"], issuer="old-root", serial="2000")
authority("alternate-intermediate", issuer="new-root", key="intermediate")
leaf("alternate-chain", issuer="alternate-intermediate")
CROSSED = ["alternate-chain", "alternate-intermediate", "cross"]
identity("alternate-chain", chain=CROSSED, trust="alternate-trust.pem",
         note="the path sent ends at a trusted but expired root; a shorter one ends at a valid root")
bad("expired-root", "expired", chain=CROSSED, trust="bad/expired-root-trust.pem",
    note="as alternate-chain, with only the expired root trusted")

# Names.
NO_SUBJECT = "the command accepts the common name; X509_CHECK_FLAG_NEVER_CHECK_SUBJECT forbids it"
bad("wrong-name", "wrong name", names="DNS:other.invalid")
bad("common-name-only", "wrong name", names=None, subject="localhost", command=0, note=NO_SUBJECT)
bad("common-name-mismatch-san", "wrong name", names="DNS:other.invalid", subject="localhost",
    note="a certificate with DNS names is not looked up by common name, whatever the flags")
bad("partial-wildcard", "wrong name", names="DNS:f*.example.test", host="foo.example.test", command=0,
    note="the command accepts it; X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS forbids it")
bad("partial-wildcard-localhost", "wrong name", names="DNS:*ocalhost")
bad("bare-wildcard", "wrong name", names="DNS:*")
bad("double-wildcard", "wrong name", names="DNS:*.*.test", host="www.example.test")
bad("top-wildcard", "wrong name", names="DNS:*.test", host="example.test")
bad("deep-wildcard", "wrong name", names="DNS:*.example.test", host="a.b.example.test")
bad("ip-as-dns", "wrong name", names="DNS:127.0.0.1", host="127.0.0.1", error=64,
    note="accepted if the address is passed to X509_VERIFY_PARAM_set1_host, not to set1_ip")
bad("ip-wrong", "wrong name", names="DNS:127.0.0.1,IP:127.0.0.2", host="127.0.0.1", error=64)
NUL = b"localhost\0.evil.test"
NUL = bytes([0x30, len(NUL) + 2, 0x82, len(NUL)]) + NUL
bad("null-byte-in-name", "wrong name", names="DER:" + NUL.hex(":"), note="DNS name localhost\\0.evil.test")
bad("very-long-name", "wrong name", names="DNS:" + "localhost." * 400 + "test", note="a DNS name of 4,004 bytes")

# What a certificate, or its issuer, may be used for.
bad("client-usage-only", "not for this purpose", usage="clientAuth")
bad("no-server-usage", "not for this purpose", usage=None, key_usage="keyUsage=critical,keyCertSign\n")
leaf("not-an-authority-issuer", key_usage="", usage=None, key="authority")
leaf("bad/not-an-authority", issuer="not-an-authority-issuer")
bad("not-an-authority", "not an authority",
    chain=["bad/not-an-authority", "not-an-authority-issuer", "intermediate"])
authority("path-length-sub", issuer="intermediate")
leaf("bad/path-length", issuer="path-length-sub")
bad("path-length", "path too long", chain=["bad/path-length", "path-length-sub", "intermediate"])
root("permitting-root", "name-constraint-trust.pem", extra="nameConstraints=critical,permitted;DNS:example.test\n")
identity("name-permitted", names="DNS:www.example.test", host="www.example.test", issuer="permitting-root",
         trust="name-constraint-trust.pem")
bad("name-constraint", "name not permitted", names="DNS:localhost", issuer="permitting-root",
    trust="name-constraint-trust.pem")
authority("excluding", extra="nameConstraints=critical,excluded;DNS:localhost\n")
bad("excluded-name", "name excluded", names="DNS:localhost", issuer="excluding")
bad("critical-unknown-extension", "unhandled critical extension", extra="1.2.3.4.5=critical,DER:05:00\n")
certificate("bad/version-1", None, subject="localhost")
bad("version-1", "wrong name", chain=["bad/version-1", "intermediate"], command=0, note=NO_SUBJECT)
certificate("version-1-authority", None, issuer="root", key="authority")
certificate("bad/version-1-authority", f"subjectAltName={NAMES}\n", issuer="version-1-authority")
bad("version-1-authority", "not an authority", chain=["bad/version-1-authority", "version-1-authority"])
bad("revoked", "revoked", revocation="crl.pem")
bad("revoked-unchecked", "ok", of="bad/revoked", note="a peer without the revocation list accepts it")

# Cryptography.
TOO_WEAK = "a context of security level 2, the default, refuses to load it ({}): serve it at level 0"
bad("weak-rsa-1024", "weak key", key="weak", level1=0, note=TOO_WEAK.format("EE_KEY_TOO_SMALL"))
bad("sha1-signature", "weak signature", digest="sha1", note=TOO_WEAK.format("CA_MD_TOO_WEAK"))
authority("rsa-intermediate", key="rsa")  # There is no ECDSA with MD5.
bad("md5-signature", "weak signature", issuer="rsa-intermediate", digest="md5",
    note=TOO_WEAK.format("CA_MD_TOO_WEAK"))
bad("bad-signature", "bad signature", damaged=True)
bad("dsa", "cannot be negotiated", key="dsa", reason="NO_SHARED_CIPHER",
    note="the chain is valid, but no default cipher suite uses DSA; the client gets handshake_failure")

# Files that do not make an identity.
PAIR = ["server", "intermediate"]
MISMATCH = dict(outcome="cannot be loaded", reason="KEY_VALUES_MISMATCH", chain=PAIR)
NOT_PEM = dict(outcome="cannot be loaded", reason="PEM_LIB", chain=PAIR)
MARKED = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n"
bad("key-mismatch", key="other", **MISMATCH)
bad("key-type-mismatch", "cannot be loaded", chain=PAIR, key="rsa", reason="NO_CERTIFICATE_ASSIGNED",
    note="it loads; only SSL_CTX_check_private_key fails")
bad("key-missing", "cannot be loaded", chain=PAIR, reason="ENOENT", key_text=lambda key, other: None)
bad("two-keys", "ok", chain=PAIR, key_text=lambda key, other: key + other, note="the first key counts")
bad("two-keys-wrong-first", key_text=lambda key, other: other + key, **MISMATCH)
bad("key-truncated", key_text=lambda key, other: key[:100], **NOT_PEM)
bad("truncated", text=lambda pem: pem[:400], **NOT_PEM)
bad("truncated-intermediate", text=lambda pem: pem[:-200], **NOT_PEM | dict(reason="BAD_END_LINE"))
bad("empty", text=lambda pem: "", **NOT_PEM)
bad("not-pem", text=lambda pem: "This is not PEM.\n" * 20, **NOT_PEM)
bad("garbage", text=lambda pem: MARKED.format("!%&/()=?" * 8), **NOT_PEM)
bad("garbage-base64", text=lambda pem: MARKED.format("Z2FyYmFn" * 8), **NOT_PEM)
