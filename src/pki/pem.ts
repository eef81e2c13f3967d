import { PkiError } from './error.ts'

const begin = '-----BEGIN CERTIFICATE-----'
const end = '-----END CERTIFICATE-----'
const maxCertificates = 100
const maxText = 400 * 1024

/**
 * The DER of each certificate in a PEM text (RFC 7468): between 1 and 100 of them, in a text of at most 400 KiB. Text
 * around the blocks and blocks of other kinds are passed over. One pass over the text, without a pattern.
 * @throws PkiError InvalidCertificate
 */
export function decodePem(text: string): Uint8Array[] {
  if (text.length > maxText) throw invalid(`the text is larger than ${maxText / 1024} KiB`)
  const found: Uint8Array[] = []
  for (let start = text.indexOf(begin); start >= 0; start = text.indexOf(begin, start)) {
    const stop = text.indexOf(end, start)
    if (stop < 0) throw invalid('a certificate has no END line')
    if (found.length === maxCertificates) throw invalid(`the text holds more than ${maxCertificates} certificates`)
    found.push(decodeBase64(text.slice(start + begin.length, stop)))
    start = stop + end.length
  }
  if (found.length === 0) throw invalid('the text holds no PEM certificate')
  return found
}

/** Node's decoder passes over what is not base64; what it decoded must therefore encode to the text again. */
function decodeBase64(body: string): Uint8Array {
  const text = ['\n', '\r', ' ', '\t'].reduce((rest, blank) => rest.replaceAll(blank, ''), body)
  const octets = Buffer.from(text, 'base64')
  if (octets.toString('base64') !== text) throw invalid('a certificate is not base64 between its BEGIN and END lines')
  return octets
}

/** One certificate as PEM, in lines of 64 characters. */
export function encodePem(der: Uint8Array): string {
  const body = Buffer.from(der).toString('base64')
  const lines = Array.from({ length: Math.ceil(body.length / 64) }, (_, index) =>
    body.slice(index * 64, index * 64 + 64),
  )
  return [begin, ...lines, end, ''].join('\n')
}

const invalid = (message: string): PkiError => new PkiError('InvalidCertificate', message)
