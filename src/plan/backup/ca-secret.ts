import { annotations, type Secret, type SecretContent, secretLabel } from '#api'
import { terminal } from '#base'
import { type ParsedCertificate, parseBundle, parseCsr, parsePrivateKey, sameKey } from '#pki'

/** What a Secret of an Authority holds: a generation of its CA, or a CA key whose certificate is signed elsewhere. */
export interface CaSecret {
  readonly content: Extract<SecretContent, 'ca' | 'ca-request'>
  /** Name of the Authority. */
  readonly authority: string
  readonly generation: number
  /** The CA's own; none yet where the key waits for it. */
  readonly certificate: ParsedCertificate | undefined
  /** The subject by RFC 4514. */
  readonly subject: string
}

/**
 * Reads a Secret of an Authority.
 * @throws Failure Terminal that says what it lacks, or why its key, certificates or request are not whole
 */
export function readCaSecret({ metadata, data = {} }: Secret): CaSecret {
  const content = metadata.labels?.[secretLabel]
  const { [annotations.authority]: authority = '', [annotations.caGeneration]: number } = metadata.annotations ?? {}
  const generation = Number(number)
  if (authority === '' || !Number.isSafeInteger(generation) || generation < 1) {
    throw invalid('its annotations do not say of which Authority and which generation it is')
  }
  const files = Object.fromEntries(
    Object.entries(data).map(([name, value]) => [name, Buffer.from(value, 'base64').toString('utf8')]),
  )
  if (content === 'ca') {
    const { certificate } = parseBundle(files)
    if (!certificate.isCA) throw invalid(`${certificate.subject} in tls.crt is not a CA certificate`)
    return { content, authority, generation, certificate, subject: certificate.subject }
  }
  if (content === 'ca-request') {
    const { publicKey, subject } = parseCsr(files['tls.csr'] ?? '')
    if (!sameKey(parsePrivateKey(files['tls.key'] ?? ''), publicKey)) throw invalid('tls.key is not the key of tls.csr')
    return { content, authority, generation, certificate: undefined, subject }
  }
  throw invalid(`its label ${secretLabel} does not say that it holds a CA key`)
}

const invalid = (message: string) => terminal('InvalidCASecret', message)
