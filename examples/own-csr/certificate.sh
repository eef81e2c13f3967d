#!/bin/sh
# Makes a key and a certification request for a device, and prints the Certificate that asks for it to be signed. Run it on
# the device: NAME.key never leaves it.
set -eu
name=$1
umask 077
[ -f "$name.key" ] || openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$name.key"
cat <<END
apiVersion: sifaka.dev/v1alpha1
kind: Certificate
metadata:
  name: $name
spec:
  authorityRef:
    name: devices
  duration: 8760h
  csr: |
$(openssl req -new -key "$name.key" -subj / -addext "subjectAltName=DNS:$name.devices.example.com" | sed 's/^/    /')
END
