// Builds .cache/bin/judge: what Go thinks of certificates, CRLs and certification requests.
module sifaka.dev/tools/judge

go 1.26.0

require github.com/cloudflare/circl v1.6.3

require golang.org/x/sys v0.28.0 // indirect
