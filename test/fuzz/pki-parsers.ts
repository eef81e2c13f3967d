import assert from 'node:assert/strict'
import { sign, X509Certificate } from 'node:crypto'
import {
  accept,
  acceptCaChain,
  checkCustomExtensions,
  checkedPassword,
  decryptCms,
  dnsLabels,
  dnsMatcher,
  encodeCertificates,
  encodePrivateKey,
  ipInRange,
  isDnsName,
  isIpAddress,
  nameConstraintsExtension,
  nameConstraintViolations,
  normalizeNames,
  otherNameParts,
  type ParsedCertificate,
  PkiError,
  parseBundle,
  parseCa,
  parseCertificate,
  parseCertificates,
  parseChain,
  parseCrl,
  parseCsr,
  parseLiteralSubject,
  parsePrivateKey,
  publicKeyOf,
  readSubject,
  reservedExtension,
  type Subject,
  sameKey,
  specOf,
} from '#pki'
import { noon } from '#test/make'
import { octetReader, type Parser, textReader } from './parser.ts'

/** What is true of each certificate that was let in; OpenSSL is asked too, which reads the same octets by itself. */
function checkCertificate(certificate: ParsedCertificate): void {
  const { der, names, serialNumber, notBefore, notAfter, unknownConstraints } = certificate
  const again = parseCertificate(encodeCertificates([certificate]))
  assert.equal(again.fingerprint, certificate.fingerprint)
  assert.match(serialNumber, /^([0-9a-f]{2})+$/)
  assert.ok(Number.isFinite(notBefore) && Number.isFinite(notAfter))
  assert.deepEqual(normalizeNames(names), names)
  assert.equal(typeof certificate.subject, 'string')
  assert.equal(typeof certificate.issuer, 'string')
  assert.equal(typeof certificate.signatureAlgorithm, 'string')
  assert.ok(Array.isArray(unknownConstraints))
  const { subjectAltName = '' } = new X509Certificate(der)
  const dnsByOpenssl = subjectAltName.split(', ').flatMap((each) => (each.startsWith('DNS:') ? [each.slice(4)] : []))
  assert.deepEqual(names.dnsNames, [...new Set(dnsByOpenssl.map((each) => each.toLowerCase()))].sort())
}

const certificateParsers: readonly Parser[] = [
  {
    name: 'a certificate',
    reads: ['parseCertificate'],
    form: 'der',
    refusal: 'PkiError',
    specimens: ({ certificates }) => certificates,
    open: octetReader((der) => checkCertificate(parseCertificate(der))),
  },
  {
    name: 'PEM of certificates',
    reads: ['parseCertificates'],
    form: 'pem',
    refusal: 'PkiError',
    specimens: ({ leafFiles }) => [leafFiles['tls.crt'] ?? '', `# a comment\n${leafFiles['ca.crt']}`],
    open: textReader((text) => parseCertificates(text).forEach(checkCertificate)),
  },
  {
    name: 'a distinguished name',
    reads: ['readSubject'],
    form: 'der',
    refusal: 'PkiError',
    specimens: ({ certificates }) => certificates.map((der) => Buffer.from(parseCertificate(der).subjectDer)),
    open: octetReader(readSubject),
  },
  {
    name: 'a certificate at the acceptance gate',
    reads: ['accept', 'differences', 'verifyChain'],
    form: 'pem',
    refusal: 'PkiError',
    share: 0.5,
    specimens: ({ leafFiles }) => [leafFiles['tls.crt'] ?? ''],
    open: ({ leafFiles }) => {
      const [leaf] = parseCertificates(leafFiles['tls.crt'] ?? '')
      const roots = parseCertificates(leafFiles['ca.crt'] ?? '')
      assert.ok(leaf)
      const { publicKey, names, usages, commonName, notBefore, notAfter, isSignedBy } = leaf
      const profile = { commonName, names, usages, notBefore, notAfter }
      return {
        read(pem) {
          const [certificate = leaf, ...intermediates] = parseCertificates(String(pem))
          accept({ profile, publicKey, roots, intermediates, at: noon }, certificate)
          // What was let through carries the issuer's signature over all of it.
          assert.ok(intermediates.some((ca) => certificate.isSignedBy(ca.publicKey) && isSignedBy(ca.publicKey)))
        },
      }
    },
  },
  {
    name: 'the chain of a CA that was signed elsewhere',
    reads: ['acceptCaChain'],
    form: 'pem',
    refusal: 'PkiError',
    specimens: ({ caFiles }) => [`${caFiles['tls.crt']}${caFiles['ca.crt']}`],
    open: ({ caFiles }) => {
      const [expected] = parseCertificates(caFiles['tls.crt'] ?? '')
      assert.ok(expected)
      const { publicKey, subjectDer, nameConstraints } = expected
      return { read: (pem) => acceptCaChain({ publicKey, subjectDer, nameConstraints, at: noon }, String(pem)) }
    },
  },
]

const requestParsers: readonly Parser[] = [
  {
    name: 'a certification request',
    reads: ['parseCsr'],
    form: 'der',
    refusal: 'PkiError',
    specimens: ({ csrs }) => csrs,
    open: octetReader(checkCsr),
  },
  {
    name: 'PEM of a certification request',
    reads: ['parseCsr'],
    form: 'pem',
    refusal: 'PkiError',
    share: 0.5,
    specimens: ({ csrs }) => csrs.map((der) => armored('CERTIFICATE REQUEST', der)),
    open: textReader(checkCsr),
  },
  {
    // Only what is signed rightly is looked into.
    name: 'a certification request that is signed after it was changed',
    reads: ['parseCsr'],
    form: 'der',
    refusal: 'PkiError',
    specimens: ({ csrs }) => csrs.slice(0, 1).map(infoOf),
    open: ({ csrKey }) => ({
      read(info) {
        const algorithm = Buffer.from('300506032b6570', 'hex')
        const signature = Buffer.concat([Uint8Array.of(0x03, 0x41, 0), sign(null, info, csrKey)])
        return checkCsr(tlv(0x30, Buffer.concat([info, algorithm, signature])))
      },
    }),
  },
]

function checkCsr(pemOrDer: Buffer | string): void {
  const { der, names, commonName, subject, asksForCA } = parseCsr(pemOrDer)
  assert.ok(typeof pemOrDer === 'string' || Buffer.compare(der, pemOrDer) === 0)
  assert.deepEqual(normalizeNames(names), names)
  assert.ok(commonName === undefined || subject.includes('CN='))
  assert.equal(typeof asksForCA, 'boolean')
}

/** A CertificationRequestInfo: the first member of a request. */
const infoOf = (csr: Buffer): Buffer => {
  const body = csr.subarray(csr[1] === 0x81 ? 3 : csr[1] === 0x82 ? 4 : 2)
  const [, first = 0, second = 0, third = 0] = body
  const length = first < 0x80 ? 2 + first : first === 0x81 ? 3 + second : 4 + second * 0x100 + third
  return body.subarray(0, length)
}

function tlv(identifier: number, contents: Buffer): Buffer {
  const { length } = contents
  const short = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  const octets = length < 0x10000 ? short : [0x83, length >> 16, (length >> 8) & 0xff, length & 0xff]
  return Buffer.concat([Uint8Array.of(identifier, ...octets), contents])
}

const armored = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64')}\n-----END ${label}-----\n`

const otherParsers: readonly Parser[] = [
  {
    name: 'a CRL',
    reads: ['parseCrl'],
    form: 'der',
    refusal: 'PkiError',
    specimens: ({ crls }) => crls,
    open: octetReader((der) => {
      const { entries, thisUpdate, nextUpdate = 0, crlNumber = 0n } = parseCrl(der)
      assert.ok(Number.isFinite(thisUpdate) && Number.isFinite(nextUpdate) && crlNumber >= 0n)
      for (const { serialNumber, revokedAt } of entries) {
        assert.match(serialNumber, /^([0-9a-f]{2})+$/)
        assert.ok(Number.isFinite(revokedAt))
      }
    }),
  },
  {
    name: 'PEM of a CRL',
    reads: ['parseCrl'],
    form: 'pem',
    refusal: 'PkiError',
    share: 0.5,
    specimens: ({ crls }) => crls.map((der) => armored('X509 CRL', der)),
    open: textReader(parseCrl),
  },
  {
    name: 'encrypted CMS',
    reads: ['decryptCms'],
    form: 'pem',
    refusal: 'PkiError',
    specimens: ({ cms }) => [cms],
    open: ({ recipient }) => ({ read: (pem) => assert.equal(decryptCms(String(pem), recipient)[0], 0x7b) }),
  },
  {
    name: 'a private key',
    reads: ['parsePrivateKey'],
    form: 'pem',
    words: ['ENCRYPTED', 'PRIVATE KEY', 'Proc-Type: 4,ENCRYPTED', '-----BEGIN EC PARAMETERS-----'],
    refusal: 'PkiError',
    specimens: ({ keys }) => keys,
    open: textReader((pem) => {
      const key = parsePrivateKey(pem)
      assert.ok(specOf(key))
      assert.ok(sameKey(parsePrivateKey(encodePrivateKey(key, 'PKCS8')), publicKeyOf(key)))
    }),
  },
  ...(['leafFiles', 'caFiles'] as const).map(
    (files): Parser => ({
      name: `key, certificate and roots: ${files}`,
      reads: files === 'leafFiles' ? ['parseBundle', 'parseChain'] : ['parseCa'],
      form: 'pem',
      refusal: 'PkiError',
      share: 0.3,
      specimens: (made) => [partNames.map((name) => made[files][name]).join(boundary)],
      open: textReader((text) => {
        const parts = Object.fromEntries(text.split(boundary, 3).map((part, index) => [partNames[index], part]))
        if (files === 'caFiles') return parseCa(parts)
        try {
          parseChain(parts)
        } catch (error) {
          assert.ok(error instanceof PkiError, String(error))
        }
        return parseBundle(parts)
      }),
    }),
  ),
]

/** Values of one attribute in no order: that of a text is the reverse of that in which it is encoded. */
const sorted = (subject: Subject): object =>
  Object.fromEntries(Object.entries(subject).map(([name, values]) => [name, [values].flat().sort()]))

const partNames = ['tls.key', 'tls.crt', 'ca.crt'] as const
const boundary = '\f\n'

const names = [
  'www.example.com',
  '*.example.com',
  '**.example.com',
  '192.0.2.1',
  '::ffff:192.0.2.1',
  '2001:db8::1%eth0',
  'spiffe://example.com/ns/shop',
  'mailto:web@example.com',
  'web@example.com',
  '1.3.6.1.4.1.311.20.2.3=web@corp.example',
  '1.3.6.1.4.1.32473.1',
  '10.0.0.0/8',
]

const nameKinds = ['dnsNames', 'ipAddresses', 'uris', 'emailAddresses', 'otherNames', 'registeredIDs'] as const

/** Every name is given as one of every kind, so that most are refused by most. */
function readNames(text: string): void {
  const refused = nameKinds.map((kind) => {
    try {
      const normal = normalizeNames({ [kind]: [text] })
      assert.deepEqual(normalizeNames(normal), normal)
      assert.deepEqual(nameConstraintViolations(normal, text, []), [])
      return false
    } catch (error) {
      assert.ok(error instanceof PkiError, String(error))
      return true
    }
  })
  assert.equal(refused[0], !isDnsName(text))
  assert.equal(refused[1], !isIpAddress(text))
  assert.equal(dnsLabels(text).length > 0, isDnsName(text))
  assert.equal(typeof otherNameParts(text).oid, 'string')
  assert.equal(typeof dnsMatcher(text)(['www', 'example', 'com']), 'boolean')
  normalizeNames({}, text)
}

const nameParsers: readonly Parser[] = [
  {
    name: 'a name',
    reads: ['normalizeNames', 'isDnsName', 'isIpAddress', 'dnsLabels', 'dnsMatcher', 'otherNameParts'],
    form: 'text',
    words: ['.', '*.', '@', ':', '://', '/', '[::1]', 'xn--', '%', '=', '1.'],
    refusal: 'none',
    share: 5,
    specimens: () => names,
    open: textReader(readNames),
  },
  {
    name: 'a range of addresses',
    reads: ['ipInRange'],
    form: 'text',
    words: ['/0', '/128', '::', '.', '%', '0x'],
    refusal: 'PkiError',
    share: 5,
    specimens: () => ['10.0.0.0/8', '2001:db8::/32', '0.0.0.0/0', '::/0', '192.0.2.1/32'],
    open: textReader((cidr) => ipInRange('192.0.2.1', cidr)),
  },
  {
    name: 'name constraints',
    reads: ['nameConstraintsExtension', 'nameConstraintViolations'],
    form: 'text',
    words: ['.', '@', '/', '*'],
    refusal: 'PkiError',
    share: 5,
    specimens: () => ['example.com', '.example.com'],
    open: textReader((domain) => {
      const constraints = { permitted: { dnsDomains: [domain], emailDomains: [domain] } }
      assert.equal(nameConstraintsExtension(constraints).length, 1)
      const chain = [{ subject: 'CN=ca', nameConstraints: constraints, unknownConstraints: [] }]
      nameConstraintViolations(normalizeNames({ dnsNames: ['www.example.com'] }), undefined, chain)
    }),
  },
  {
    name: 'a literal subject',
    reads: ['parseLiteralSubject', 'readSubject'],
    form: 'text',
    words: ['CN=', ',', '+', '=', '#', '#0c0178', '\\,', '\\2C', '\\', '2.5.4.3=', 'DC=', 'UID=', ' ', 'serialNumber='],
    refusal: 'PkiError',
    share: 5,
    specimens: () => ['CN=web,OU=Shop,DC=example,DC=com', 'O=Exämple\\, Inc.+L=\\ x\\20,C=DE', '1.2.3.4=#0c0178'],
    open: textReader((text) => {
      const { der, others, subject } = parseLiteralSubject(text)
      if (others.length === 0) assert.deepEqual(sorted(readSubject(der)), sorted(subject))
    }),
  },
  {
    name: 'a custom extension',
    reads: ['checkCustomExtensions', 'reservedExtension'],
    form: 'der',
    refusal: 'PkiError',
    specimens: ({ certificates }) => [Buffer.from('0c0178', 'hex'), ...certificates.slice(0, 2)],
    open: octetReader((value) => checkCustomExtensions([{ oid: '1.3.6.1.4.1.32473.7', critical: false, value }])),
  },
  {
    name: 'an object identifier',
    reads: ['checkCustomExtensions', 'reservedExtension'],
    form: 'text',
    words: ['.', '0', '2.999.', '99999999999999'],
    refusal: 'PkiError',
    share: 5,
    specimens: () => ['1.3.6.1.4.1.32473.7', '2.999.1'],
    open: textReader((oid) => {
      assert.equal(typeof (reservedExtension(oid) ?? ''), 'string')
      checkCustomExtensions([{ oid, critical: true, value: Uint8Array.of(5, 0) }])
    }),
  },
  {
    name: 'a password',
    reads: ['checkedPassword'],
    form: 'text',
    refusal: 'PkiError',
    share: 5,
    specimens: () => ['changeit', 'pässword'],
    open: textReader((password) => assert.equal(checkedPassword(password), password)),
  },
]

/** What reads DER, PEM and names. */
export const pkiParsers: readonly Parser[] = [...certificateParsers, ...requestParsers, ...otherParsers, ...nameParsers]
