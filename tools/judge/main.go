// Command judge verifies certificates, CRLs and certification requests with Go's crypto/x509, which shares no code with
// OpenSSL or Java. What is signed with ML-DSA, which crypto/x509 does not know, is verified by CIRCL.
//
// It reads one JSON object per line and writes one JSON object per line for each thing that is wrong.
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"
)

// A specimen is what is judged.
type specimen struct {
	Cell string `json:"cell"`
	// Kind is certificate, crl or csr.
	Kind string `json:"kind"`
	DER  []byte `json:"der"`
	// Issuers are the certificates from the issuer up to the root; a root has none.
	Issuers [][]byte `json:"issuers"`
	// Purposes are the extended key usages that it shall have, each by itself.
	Purposes []string `json:"purposes"`
	// Hosts are DNS names and IP addresses for which it shall be good.
	Hosts []string `json:"hosts"`
}

type finding struct {
	Cell    string `json:"cell"`
	Code    string `json:"code"`
	Level   string `json:"level"`
	Message string `json:"message"`
}

var purposes = map[string]x509.ExtKeyUsage{
	"serverAuth":      x509.ExtKeyUsageServerAuth,
	"clientAuth":      x509.ExtKeyUsageClientAuth,
	"codeSigning":     x509.ExtKeyUsageCodeSigning,
	"emailProtection": x509.ExtKeyUsageEmailProtection,
	"timeStamping":    x509.ExtKeyUsageTimeStamping,
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	input := json.NewDecoder(bufio.NewReader(os.Stdin))
	output := json.NewEncoder(os.Stdout)
	for input.More() {
		var each specimen
		if err := input.Decode(&each); err != nil {
			return err
		}
		for code, err := range flaws(each) {
			if err := output.Encode(finding{each.Cell, code, "error", err.Error()}); err != nil {
				return err
			}
		}
	}
	return nil
}

// flaws says what is wrong, by a word for the check that found it.
func flaws(each specimen) map[string]error {
	found := map[string]error{}
	note := func(code string, err error) {
		if err != nil {
			found[code] = err
		}
	}
	issuers, err := parseAll(each.Issuers)
	if err != nil {
		return map[string]error{"parse-issuer": err}
	}
	switch each.Kind {
	case "certificate":
		certificate, err := x509.ParseCertificate(each.DER)
		if err != nil {
			return map[string]error{"parse": err}
		}
		note("signature", checkSignature(certificate, issuers))
		for _, host := range each.Hosts {
			note("host", certificate.VerifyHostname(host))
		}
		err = checkChain(certificate, issuers, each.Purposes)
		note(chainCode(err), err)
	case "crl":
		list, err := x509.ParseRevocationList(each.DER)
		if err != nil {
			return map[string]error{"parse": err}
		}
		note("signature", signedBy(issuers[0], list.RawTBSRevocationList, list.Signature, func() error {
			return list.CheckSignatureFrom(issuers[0])
		}))
	case "csr":
		request, err := x509.ParseCertificateRequest(each.DER)
		if err != nil {
			return map[string]error{"parse": err}
		}
		note("signature", requestSignature(request))
	default:
		note("kind", errors.New("unknown kind "+each.Kind))
	}
	return found
}

func parseAll(list [][]byte) ([]*x509.Certificate, error) {
	var certificates []*x509.Certificate
	for _, der := range list {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		certificates = append(certificates, certificate)
	}
	return certificates, nil
}

func checkSignature(certificate *x509.Certificate, issuers []*x509.Certificate) error {
	issuer := certificate
	if len(issuers) > 0 {
		issuer = issuers[0]
	}
	return signedBy(issuer, certificate.RawTBSCertificate, certificate.Signature, func() error {
		return certificate.CheckSignatureFrom(issuer)
	})
}

// chainCode tells apart what Go does not know from what is wrong.
func chainCode(err error) string {
	if unknown := (x509.UnhandledCriticalExtension{}); errors.As(err, &unknown) {
		return "unhandled-critical-extension"
	}
	return "chain"
}

// checkChain builds the chain, for each purpose by itself. With an ML-DSA key in it, crypto/x509 cannot.
func checkChain(certificate *x509.Certificate, issuers []*x509.Certificate, wanted []string) error {
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	path := append([]*x509.Certificate{certificate}, issuers...)
	for i, each := range path {
		// The key of the leaf signs nothing here, so crypto/x509 need not know it.
		if i > 0 && isMLDSA(each) || len(path) == 1 && isMLDSA(each) {
			return nil
		}
		if i == len(path)-1 {
			roots.AddCert(each)
		} else if i > 0 {
			intermediates.AddCert(each)
		}
	}
	options := x509.VerifyOptions{Roots: roots, Intermediates: intermediates, CurrentTime: time.Now()}
	if len(wanted) == 0 {
		options.KeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageAny}
		_, err := certificate.Verify(options)
		return err
	}
	for _, name := range wanted {
		usage, ok := purposes[name]
		if !ok {
			return errors.New("unknown purpose " + name)
		}
		options.KeyUsages = []x509.ExtKeyUsage{usage}
		if _, err := certificate.Verify(options); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
