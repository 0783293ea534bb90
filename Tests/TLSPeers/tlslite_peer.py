"""An end of TLS that misbehaves, on tlslite-ng; it runs in the venv with that package.

    tlslite_peer.py client PORT VERSION ATTACK
    tlslite_peer.py server VERSION ATTACK CERTIFICATE KEY    prints its port first

VERSION is 1.2 or 1.3. Prints `result: ` and how the other end took it: `alert NAME`, `closed`, `reset`, or `data` and
what came back. An ATTACK is a name of a function in attacks.py or attacks_on_messages.py.
"""

import sys

sys.dont_write_bytecode = True

import socket

from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey
from tlslite.constants import AlertDescription
from tlslite.errors import TLSAbruptCloseError, TLSRemoteAlert

import attacks_on_messages  # noqa: F401
from attacks import AFTER, BEFORE, hello


def outcome(end):
    """How the other end takes it: it sends data, an alert or nothing more."""
    try:
        data = end.recv(65536)
        return f"data {bytes(data[:20])!r}" if data else "closed by close_notify"
    except TLSRemoteAlert as alert:
        return f"alert {AlertDescription.toStr(alert.description)}"
    except (TLSAbruptCloseError, BrokenPipeError):
        return "closed"
    except ConnectionResetError:
        return "reset"
    except Exception as error:  # tlslite-ng does not like the answer.
        return f"error {type(error).__name__}: {error}"


def settings_for(version):
    settings = HandshakeSettings()
    number = (3, 3) if version == "1.2" else (3, 4)
    settings.minVersion = settings.maxVersion = number
    return settings


def play(plain, attack, handshake, listens=False):
    end = TLSConnection(plain)
    end.raw = plain
    end.ignoreAbruptClose = False
    end.closeSocket = False
    in_handshake = BEFORE.get(attack)
    if in_handshake:
        in_handshake(end)
    try:
        handshake(end)
        if listens and end.recv(5) != b"hello":
            raise ValueError("the client did not say hello")
        if not in_handshake:
            try:
                AFTER[attack](end)
            except (BrokenPipeError, ConnectionResetError):
                pass  # The answer may be there all the same.
        else:
            hello(end)
        result = outcome(end)
    except TLSRemoteAlert as alert:
        result = f"alert {AlertDescription.toStr(alert.description)}"
    except (TLSAbruptCloseError, BrokenPipeError):
        result = "closed"
    except ConnectionResetError:
        result = "reset"
    print(f"result: {result}", flush=True)
    plain.close()


def main():
    role, *arguments = sys.argv[1:]
    if role == "client":
        port, version, attack = arguments
        plain = socket.create_connection(("127.0.0.1", int(port)))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        play(plain, attack, lambda end: end.handshakeClientCert(
            settings=settings_for(version), serverName="localhost"))
        return
    version, attack, certificate, key = arguments
    chain = X509CertChain()
    chain.parsePemList(open(certificate).read())
    private_key = parsePEMKey(open(key).read(), private=True)
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"listening at {listener.getsockname()[1]}", flush=True)
    plain = listener.accept()[0]
    play(plain, attack, lambda end: end.handshakeServer(
        certChain=chain, privateKey=private_key, settings=settings_for(version)), listens=True)


main()
