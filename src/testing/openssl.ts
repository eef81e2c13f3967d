import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { IssuedCertificate } from '#issuers'
import { encodeCertificates } from '#pki'

/** Since this version openssl knows ML-DSA. */
const mlDsaSince = [3, 5] as const

const knowsMlDsa = (() => {
  let known: boolean | undefined
  return (): boolean => {
    known ??= isSince(execFileSync('openssl', ['version'], { encoding: 'utf8' }))
    return known
  }
})()

function isSince(version: string): boolean {
  const [major = 0, minor = 0] = (/\d+\.\d+/.exec(version)?.[0] ?? '').split('.').map(Number)
  return major > mlDsaSince[0] || (major === mlDsaSince[0] && minor >= mlDsaSince[1])
}

/**
 * What openssl has against a certificate and its chain at a time, or undefined when it verifies them. With `crl`, the
 * DER of its issuer's, it looks there too. A chain with keys that this openssl does not know passes.
 * @throws Error when there is no openssl
 */
export function opensslVerify(
  { certificate, intermediates, roots }: IssuedCertificate,
  at: number,
  crl?: Uint8Array,
): string | undefined {
  const all = [certificate, ...intermediates, ...roots]
  const hasMlDsa = all.some(({ publicKey }) => publicKey.asymmetricKeyType?.startsWith('ml-dsa'))
  if (hasMlDsa && !knowsMlDsa()) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'sifaka-openssl-'))
  const file = (name: string, content: string | Uint8Array): string => {
    const path = join(folder, name)
    writeFileSync(path, content)
    return path
  }
  try {
    const parts = [
      ['-attime', String(Math.floor(at / 1000)), '-no-CApath', '-CAfile', file('roots', encodeCertificates(roots))],
      intermediates.length > 0 ? ['-untrusted', file('intermediates', encodeCertificates(intermediates))] : [],
      crl ? ['-crl_check', '-CRLfile', file('crl', crlPem(crl))] : [],
      [file('leaf', certificate.pem)],
    ]
    const { status, stdout, stderr, error } = spawnSync('openssl', ['verify', ...parts.flat()], { encoding: 'utf8' })
    if (error) throw error
    return status === 0 ? undefined : `${stdout}${stderr}`
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function crlPem(der: Uint8Array): string {
  const lines = Buffer.from(der).toString('base64').replaceAll(/.{64}/g, '$&\n')
  return `-----BEGIN X509 CRL-----\n${lines}\n-----END X509 CRL-----\n`
}
