"""Scanners of TLS servers: sslyze and testssl.sh. What they find by design is in findings.md, with the reason."""

import json
import re

from harness import HERE, Failure, Program, Setting, case, check, check_alive, echo, file, scratch

HARMLESS = ("OK", "INFO", "LOW", "DEBUG")


def explained(scanner):
    """The findings of findings.md, by the scanner's name for them."""
    text = (HERE / "findings.md").read_text()
    return set(re.findall(rf"(?m)^- {re.escape(scanner)} `([^`]+)`", text))


def check_findings(scanner, found):
    """Compares findings, a line for each name, with those that are explained."""
    known = explained(scanner)
    new = [line for name, line in found.items() if name not in known]
    gone = sorted(known - set(found))
    if new or gone:
        raise Failure("; ".join(new + [f"{name} is in findings.md, and is not found" for name in gone]))


@case("testssl", limit=300)
def _():
    end = echo()
    path = scratch("results.json")
    peer = Program("testssl", "--quiet", "--color", "0", "--warnings", "batch", "--add-ca", file("root.pem"),
                   "--jsonfile", path, f"localhost:{end.port}")
    peer.end()
    results = json.loads(path.read_text())
    check(len(results) > 80, f"there are {len(results)} results only")
    ids = {result["id"] for result in results}
    for wanted in ("TLS1_3", "heartbleed", "ROBOT", "secure_client_renego", "LUCKY13", "cert_chain_of_trust"):
        check(wanted in ids, f"testssl.sh did not test {wanted}")
    check_findings("testssl.sh", {
        result["id"]: f"{result['id']}: {result['severity']}: {result['finding']}"
        for result in results if result["severity"] not in HARMLESS
    })
    check_alive(end)


COMMANDS = ("sslv2 sslv3 tlsv1 tlsv1_1 tlsv1_2 tlsv1_3 certinfo compression early_data elliptic_curves ems fallback "
            "heartbleed openssl_ccs reneg resum robot").split()


def sslyze(port, *options):
    path = scratch("results.json")
    peer = Program(Setting.tools / "sslyze/bin/sslyze", "--certinfo_ca_file", file("root.pem"), "--json_out", path,
                   *options, f"localhost:{port}")
    peer.end()
    return peer, json.loads(path.read_text())["server_scan_results"][0]


def scan(identity):
    end = echo(identity)
    peer, outcome = sslyze(end.port, "--mozilla_config", "disable", *[f"--{command}" for command in COMMANDS])
    check(outcome["scan_status"] == "COMPLETED", f"the scan is {outcome['scan_status']}")
    results = {}
    for name, attempt in outcome["scan_result"].items():
        if attempt["status"] != "NOT_SCHEDULED":
            check(attempt["status"] == "COMPLETED", f"{name} is {attempt['status']}: {attempt.get('error_trace')}")
            results[name] = attempt["result"]
    for version in ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1"):
        check(not results[f"{version}_cipher_suites"]["is_tls_version_supported"], f"{version} is spoken")
    for version in ("tls_1_2", "tls_1_3"):
        for suite in results[f"{version}_cipher_suites"]["accepted_cipher_suites"]:
            name = suite["cipher_suite"]["name"]
            check(re.search("GCM|POLY1305", name) and (version == "tls_1_3" or "_ECDHE_" in name), f"{name} is taken")
    for name, path in [
            ("tls_compression", "supports_compression"), ("tls_1_3_early_data", "supports_early_data"),
            ("openssl_ccs_injection", "is_vulnerable_to_ccs_injection"), ("heartbleed", "is_vulnerable_to_heartbleed"),
            ("session_renegotiation", "is_vulnerable_to_client_renegotiation_dos")]:
        check(results[name][path] is False, f"{name}: {path}")
    for name, path in [("tls_fallback_scsv", "supports_fallback_scsv"),
                       ("session_renegotiation", "supports_secure_renegotiation"),
                       ("tls_extended_master_secret", "supports_ems_extension")]:
        check(results[name][path] is True, f"{name}: not {path}")
    check(results["robot"]["robot_result"].startswith("NOT_VULNERABLE"), f"ROBOT: {results['robot']['robot_result']}")
    check(results["session_resumption"]["tls_ticket_resumption_result"] == "FULLY_SUPPORTED", "tickets do not work")
    trusted = [path["was_validation_successful"]
               for deployment in results["certificate_info"]["certificate_deployments"]
               for path in deployment["path_validation_results"] if "root.pem" in path["trust_store"]["path"]]
    check(trusted and all(trusted), "the certificate is not trusted")
    check_alive(end)


@case("sslyze", limit=300)
def _():
    scan("server")


@case("sslyze-rsa", limit=300)
def _():
    scan("server-rsa")


@case("sslyze-mozilla", limit=300)
def _():
    # Mozilla's profile for servers in general.
    end = echo()
    peer, _ = sslyze(end.port, "--mozilla_config", "intermediate")
    check_findings("sslyze", {
        name: f"{name}: {text}" for name, text in re.findall(r"(?m)^\s+\* (\w+): (.*)$", peer.text.partition(
            "COMPLIANCE AGAINST")[2])
    })
    check_alive(end)
