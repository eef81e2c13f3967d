package main

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"

	"github.com/cloudflare/circl/sign"
	"github.com/cloudflare/circl/sign/mldsa/mldsa44"
	"github.com/cloudflare/circl/sign/mldsa/mldsa65"
	"github.com/cloudflare/circl/sign/mldsa/mldsa87"
)

// The parameter sets by their object identifiers (RFC 9881 section 2).
var schemes = map[string]sign.Scheme{
	"2.16.840.1.101.3.4.3.17": mldsa44.Scheme(),
	"2.16.840.1.101.3.4.3.18": mldsa65.Scheme(),
	"2.16.840.1.101.3.4.3.19": mldsa87.Scheme(),
}

type algorithmIdentifier struct {
	Algorithm  asn1.ObjectIdentifier
	Parameters asn1.RawValue `asn1:"optional"`
}

type publicKeyInfo struct {
	Algorithm algorithmIdentifier
	Key       asn1.BitString
}

// schemeOf is the scheme of a SubjectPublicKeyInfo and its key; nil for one of another algorithm.
func schemeOf(spki []byte) (sign.Scheme, []byte) {
	var info publicKeyInfo
	if _, err := asn1.Unmarshal(spki, &info); err != nil {
		return nil, nil
	}
	return schemes[info.Algorithm.Algorithm.String()], info.Key.Bytes
}

func isMLDSA(certificate *x509.Certificate) bool {
	scheme, _ := schemeOf(certificate.RawSubjectPublicKeyInfo)
	return scheme != nil
}

// signedBy verifies by ML-DSA where the issuer's key is one, else as crypto/x509 does.
func signedBy(issuer *x509.Certificate, signed, signature []byte, classic func() error) error {
	return verify(issuer.RawSubjectPublicKeyInfo, signed, signature, classic)
}

func requestSignature(request *x509.CertificateRequest) error {
	return verify(request.RawSubjectPublicKeyInfo, request.RawTBSCertificateRequest, request.Signature, request.CheckSignature)
}

func verify(spki, signed, signature []byte, classic func() error) error {
	scheme, octets := schemeOf(spki)
	if scheme == nil {
		return classic()
	}
	key, err := scheme.UnmarshalBinaryPublicKey(octets)
	if err != nil {
		return err
	}
	if !scheme.Verify(key, signed, signature, nil) {
		return errors.New("the signature by " + scheme.Name() + " does not verify")
	}
	return nil
}
