import { PkiError, type PkiReason } from './error.ts'

const beginOf = (label: string): string => `-----BEGIN ${label}-----`
const endOf = (label: string): string => `-----END ${label}-----`
const maxCertificates = 100
const maxText = 400 * 1024

/**
 * The DER of each certificate in a PEM text (RFC 7468): between 1 and 100 of them, in a text of at most 400 KiB. Text
 * around the blocks and blocks of other kinds are passed over. One pass over the text, without a pattern.
 * @throws PkiError InvalidCertificate
 */
export function decodePem(text: string): Uint8Array[] {
  if (text.length > maxText) throw invalid(`the text is larger than ${maxText / 1024} KiB`)
  const begin = beginOf('CERTIFICATE')
  const end = endOf('CERTIFICATE')
  const found: Uint8Array[] = []
  for (let start = text.indexOf(begin); start >= 0; start = text.indexOf(begin, start)) {
    const stop = text.indexOf(end, start)
    if (stop < 0) throw invalid('a certificate has no END line')
    if (found.length === maxCertificates) throw invalid(`the text holds more than ${maxCertificates} certificates`)
    const octets = decodeBase64(text.slice(start + begin.length, stop))
    if (octets === undefined) throw invalid('a certificate is not base64 between its BEGIN and END lines')
    found.push(octets)
    start = stop + end.length
  }
  if (found.length === 0) throw invalid('the text holds no PEM certificate')
  return found
}

/**
 * The DER of the one block in a PEM text whose size the caller has bounded. Text around it is passed over, and a block
 * of another kind is not: it may be a private key that somebody gave away by mistake.
 * @param labels what the block may be called; the first is the name that messages use
 * @throws PkiError with `reason`
 */
export function decodeOnlyPem(text: string, labels: readonly [string, ...string[]], reason: PkiReason): Uint8Array {
  const [wanted] = labels
  const label = labels.find((each) => text.includes(beginOf(each)))
  if (label === undefined) throw new PkiError(reason, `the text holds no PEM block ${wanted}`)
  const opening = '-----BEGIN '
  if (text.indexOf(opening) !== text.lastIndexOf(opening)) {
    throw new PkiError(reason, `the text holds more than one PEM block: give one ${wanted} alone`)
  }
  const start = text.indexOf(beginOf(label)) + beginOf(label).length
  const stop = text.indexOf(endOf(label), start)
  const octets = stop < 0 ? undefined : decodeBase64(text.slice(start, stop))
  if (octets === undefined) throw new PkiError(reason, `the ${wanted} is not base64 between a BEGIN and an END line`)
  return octets
}

/** Node's decoder passes over what is not base64; what it decoded must therefore encode to the text again. */
function decodeBase64(body: string): Uint8Array | undefined {
  const text = ['\n', '\r', ' ', '\t'].reduce((rest, blank) => rest.replaceAll(blank, ''), body)
  const octets = Buffer.from(text, 'base64')
  return octets.toString('base64') === text ? octets : undefined
}

/** One block of PEM, in lines of 64 characters. */
export function encodePem(der: Uint8Array, label = 'CERTIFICATE'): string {
  const body = Buffer.from(der).toString('base64')
  const lines = Array.from({ length: Math.ceil(body.length / 64) }, (_, index) =>
    body.slice(index * 64, index * 64 + 64),
  )
  return [beginOf(label), ...lines, endOf(label), ''].join('\n')
}

const invalid = (message: string): PkiError => new PkiError('InvalidCertificate', message)
