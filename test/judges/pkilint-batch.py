"""What pkilint finds in many certificates and CRLs: its own commands, one after the other in one process, as starting
it takes a second.

Reads one JSON object per line: cell, kind (certificate or crl), file and, for a certificate that another one has
signed, issuer; both are names of PEM files. Writes one JSON object per line for each finding: cell, code, level and
message.
"""

import contextlib
import io
import json
import sys

from pkilint.bin import lint_crl, lint_pkix_cert, lint_pkix_signer_signee_cert_chain


def lint(command, options, files):
    """The findings of one command. It prints no JSON when it cannot read a file: that ends this program."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        command.main(["lint", "--format", "JSON", *options, *files])
    for result in json.loads(output.getvalue())["results"]:
        for finding in result["finding_descriptions"]:
            yield result["node_path"], finding


def findings(specimen):
    if specimen["kind"] == "crl":
        yield from lint(lint_crl, ["--type", "CRL", "--profile", "PKIX"], [specimen["file"]])
        return
    yield from lint(lint_pkix_cert, [], [specimen["file"]])
    if "issuer" in specimen:
        yield from lint(lint_pkix_signer_signee_cert_chain, [], [specimen["issuer"], specimen["file"]])


def main():
    for line in sys.stdin:
        specimen = json.loads(line)
        for path, finding in findings(specimen):
            message = ": ".join(filter(None, [path, finding["message"]]))
            answer = {"cell": specimen["cell"], "code": finding["code"], "message": message}
            print(json.dumps({**answer, "level": finding["severity"].lower()}))


main()
