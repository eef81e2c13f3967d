#!/bin/sh
# Stands in for cert-manager: prints the two Secrets that remain of a CA Issuer, and of a Certificate below it.
set -eu
umask 077
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
cd "$folder"

openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.p8 -out ca.crt -days 3650 -subj "/CN=Root of the shop" \
  -addext "keyUsage=critical,digitalSignature,keyCertSign,cRLSign" 2>/dev/null
openssl req -newkey rsa:2048 -nodes -keyout shop.p8 -out shop.csr -subj / 2>/dev/null
cat > shop.ext <<END
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
subjectAltName = critical, DNS:shop.example.com
END
openssl x509 -req -in shop.csr -CA ca.crt -CAkey ca.p8 -days 90 -extfile shop.ext -out shop.crt 2>/dev/null

# secret NAME KEY CERTIFICATE: as cert-manager writes it, with the key as PKCS #1.
secret() {
  cat <<END
apiVersion: v1
kind: Secret
type: kubernetes.io/tls
metadata:
  name: $1
  labels:
    controller.cert-manager.io/fao: "true"
  annotations:
    cert-manager.io/certificate-name: ${1%-*}
    cert-manager.io/issuer-kind: Issuer
    cert-manager.io/issuer-name: old-ca
data:
  tls.key: $(openssl rsa -traditional -in "$2" 2>/dev/null | base64 | tr -d '\n')
  tls.crt: $(base64 < "$3" | tr -d '\n')
  ca.crt: $(base64 < ca.crt | tr -d '\n')
END
}
secret root-ca-key ca.p8 ca.crt
echo ---
secret shop-tls shop.p8 shop.crt
