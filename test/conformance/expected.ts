import type { Certificate, CertificateSpec } from '#api'
import { minute, parseDuration } from '#base'
import { isDnsName, isIpAddress } from '#pki'
import type { ReadCertificate } from './read-certificate.ts'

/** What a certificate says of a spec by itself, without what only its issuer knows; in the words of openssl. */
type Expected = Pick<ReadCertificate, 'subject' | 'constraints' | 'names' | 'keyUsage' | 'purposes'> & {
  /** From the first to the last moment of its validity, in milliseconds. */
  readonly validityMs: number
}

const keyUsages: Readonly<Record<string, string>> = {
  digitalSignature: 'Digital Signature',
  contentCommitment: 'Non Repudiation',
  keyEncipherment: 'Key Encipherment',
  dataEncipherment: 'Data Encipherment',
  keyAgreement: 'Key Agreement',
}
const caKeyUsages = ['Certificate Sign', 'CRL Sign']

const purposes: Readonly<Record<string, string>> = {
  serverAuth: 'TLS Web Server Authentication',
  clientAuth: 'TLS Web Client Authentication',
  codeSigning: 'Code Signing',
  emailProtection: 'E-mail Protection',
  timeStamping: 'Time Stamping',
}

const defaultDuration = '2160h'
/** Clocks that are a little late accept a new certificate all the same. */
const backdateMs = 5 * minute

/** Written down anew from what the fields are documented to mean, and not by the code that issues. */
export function expectedOf({ spec }: Certificate): Expected {
  const { isCA = false, pathLength = 0, duration = defaultDuration } = spec
  const usages = spec.usages ?? (isCA ? [] : defaultUsages(spec))
  const inWords = (words: Readonly<Record<string, string>>): string[] =>
    usages.flatMap((usage) => words[usage] ?? []).sort()
  return {
    subject: subjectOf(spec),
    constraints: isCA ? `CA:TRUE, pathlen:${pathLength}` : 'CA:FALSE',
    names: namesOf(spec),
    keyUsage: [...inWords(keyUsages), ...(isCA ? caKeyUsages : [])].sort(),
    purposes: inWords(purposes),
    validityMs: parseDuration(duration) + backdateMs,
  }
}

const defaultUsages = ({ privateKey }: CertificateSpec): string[] => [
  ...['digitalSignature', 'serverAuth'],
  ...(privateKey?.algorithm === 'RSA' ? ['keyEncipherment'] : []),
]

/** In the order of RFC 4514: what is encoded last comes first. */
function subjectOf({ commonName, subject = {}, literalSubject }: CertificateSpec): string {
  if (literalSubject !== undefined) return literalSubject
  const one = (name: string, value: string | undefined): string[] => (value === undefined ? [] : [`${name}=${value}`])
  const all = (name: string, values: readonly string[] = []): string[] => values.map((value) => `${name}=${value}`)
  return [
    ...all('C', subject.countries),
    ...all('ST', subject.provinces),
    ...all('L', subject.localities),
    ...all('street', subject.streetAddresses),
    ...all('postalCode', subject.postalCodes),
    ...all('O', subject.organizations),
    ...all('OU', subject.organizationalUnits),
    ...one('serialNumber', subject.serialNumber),
    ...one('CN', commonName),
  ]
    .reverse()
    .join(',')
}

/** A common name that is a DNS name or an address is among the alternative names too, unless it is a CA's. */
function namesOf(spec: CertificateSpec): string[] {
  const commonName = spec.commonName ?? /(?:^|,)CN=([^,]*)/.exec(spec.literalSubject ?? '')?.[1] ?? ''
  const isHost = spec.isCA !== true
  const isAddress = isHost && isIpAddress(commonName)
  const isName = isHost && !isAddress && isDnsName(commonName)
  const names = [
    ...[...(spec.dnsNames ?? []), ...(isName ? [commonName] : [])].map((name) => `DNS:${name}`),
    ...[...(spec.ipAddresses ?? []), ...(isAddress ? [commonName] : [])].map(
      (name) => `IP Address:${spelledOut(name)}`,
    ),
    ...(spec.uris ?? []).map((name) => `URI:${name}`),
    ...(spec.emailAddresses ?? []).map((name) => `email:${name}`),
    ...(spec.otherNames ?? []).map(({ utf8Value }) => `othername: UPN::${utf8Value}`),
    ...(spec.registeredIDs ?? []).map((name) => `Registered ID:${name}`),
  ]
  return [...new Set(names)].sort()
}

/** An IPv6 address as openssl writes it: eight groups without leading zeros, in upper case. */
function spelledOut(address: string): string {
  if (!address.includes(':')) return address
  const [head = [], tail = []] = address.split('::').map((half) => half.split(':').filter(Boolean))
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0')
  return [...head, ...zeros, ...tail].map((group) => Number.parseInt(group, 16).toString(16).toUpperCase()).join(':')
}
