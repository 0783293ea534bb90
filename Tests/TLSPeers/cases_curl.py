"""curl against the library's servers."""

import zlib

from harness import Program, case, check, echo, file, pattern, scratch, server

BIG = 8 << 20


def curl(port, path, *options, host="localhost"):
    """curl, when it has ended; its output and its status."""
    # curl writes no binary data to a terminal.
    output = () if "-o" in options or "-T" in options or "--http0.9" in options else ("-o", "/dev/null")
    peer = Program("curl", "-sS", "--cacert", file("root.pem"), *output, *options, f"https://{host}:{port}/{path}")
    return peer, peer.end()


def succeeds(*arguments, **keywords):
    peer, status = curl(*arguments, **keywords)
    check(status == 0, f"curl ended with {status}")
    return peer.text


for label, options in {"tls1_2": ("--tls-max", "1.2"), "tls1_3": ("--tlsv1.3",)}.items():

    @case(f"curl-example-{label}")
    def _(options=options):
        # The echo of a request is no answer in HTTP/1.1, but one in HTTP/0.9. curl never sees an end: so it waits.
        end = echo()
        peer, status = curl(end.port, "hello", "--http0.9", "--max-time", "0.5", *options)
        check("GET /hello HTTP/1.1" in peer.text, "there is no echo")

    @case(f"curl-download-{label}")
    def _(options=options):
        end = server("--serve=page", "--alpn=http/1.1")
        path = scratch("page")
        for settings in ((), ("-H", "Connection: close")):
            succeeds(end.port, str(BIG), "-o", path, *settings, *options)
            check(path.read_bytes() == pattern(BIG), "another page came")
            end.expect("alpn http/1.1")
            end.expect("lost: ")  # curl does not wait for close_notify: python-close-at-once is about that.

    @case(f"curl-upload-{label}")
    def _(options=options):
        end = server("--serve=page", "--alpn=http/1.1")
        path = scratch("page", pattern(BIG))
        text = succeeds(end.port, "", "-T", path, *options)
        check(text == f"{BIG} {zlib.crc32(pattern(BIG))}\n", f"the server received {text}")

    @case(f"curl-cert-{label}")
    def _(options=options):
        end = server("--serve=page", "--client-cert=require", f"--trust={file('root.pem')}")
        succeeds(end.port, "5", "--cert", file("client.pem"), "--key", file("client.key"), *options)
        end.expect("certificates [1-9]")
        peer, status = curl(end.port, "5", *options)
        check(status in (35, 56), f"curl ended with {status}")
        end.expect("lost: .*no certificate was sent")
        peer, status = curl(end.port, "5", "--cert", file("client-untrusted.pem"), "--key",
                            file("client-untrusted.key"), *options)
        check(status in (35, 56) and "unknown ca" in peer.text, f"curl ended with {status}")
        end.expect("lost: .*not trusted")

    @case(f"curl-keep-alive-{label}")
    def _(options=options):
        end = server("--serve=page")
        text = succeeds(end.port, "[100-299]", "-o", "/dev/null", "-w", "%{num_connects} %{size_download}\n", *options)
        check(text.split() == [part for number in range(100, 300) for part in ("01"[number == 100], str(number))],
              "it is not one connection")

    @case(f"curl-parallel-{label}")
    def _(options=options):
        end = server("--serve=page")
        text = succeeds(end.port, "[100000-100049]", "-Z", "--no-progress-meter", "-o", "/dev/null", "-w",
                        "%{size_download}\n", *options)
        check(sorted(map(int, text.split())) == list(range(100000, 100050)), "pages are missing")

    @case(f"curl-cert-status-{label}")
    def _(options=options):
        end = server("--serve=page", f"--staple={file('ocsp-good.der')}")
        succeeds(end.port, "5", "--cert-status", *options)
        end = server("--serve=page", f"--staple={file('ocsp-revoked.der')}")
        peer, status = curl(end.port, "5", "--cert-status", *options)
        check(status == 91, f"curl ended with {status}")


@case("curl-alpn")
def _():
    end = server("--serve=page", "--alpn=h2")
    peer, status = curl(end.port, "5", "--http1.1")
    check(status == 35, f"curl ended with {status}")
    end.expect("lost: .*no_application_protocol")
    end = server("--serve=page", "--alpn=http/1.1")
    succeeds(end.port, "5", "--http2")
    succeeds(end.port, "5", "--no-alpn")


@case("curl-names")
def _():
    end = server("--serve=page", f"--name=a.test:{file('a.test.pem')}:{file('a.test.key')}")
    succeeds(end.port, "5", "--resolve", f"a.test:{end.port}:127.0.0.1", host="a.test")
    succeeds(end.port, "5", host="127.0.0.1")
    peer, status = curl(end.port, "5", "--resolve", f"b.test:{end.port}:127.0.0.1", host="b.test")
    check(status == 60, f"curl ended with {status}")
    end.expect("name b.test")


@case("curl-http")
def _():
    end = server("--serve=page")
    peer = Program("curl", "-sS", f"http://localhost:{end.port}/")
    check(peer.end() in (52, 56), "curl got an answer")
    end.expect("lost: .*HTTP request without encryption")
