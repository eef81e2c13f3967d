import type { Authority, CertificateSpec } from '#api'

/** Most that a Certificate can ask for. */
export const fullSpec: CertificateSpec = {
  authorityRef: { name: 'ca' },
  commonName: 'www.example.com',
  subject: { organizations: ['Example'], serialNumber: '4711' },
  dnsNames: ['www.example.com', '*.example.org'],
  ipAddresses: ['192.0.2.1'],
  uris: ['spiffe://example.com/web'],
  emailAddresses: ['web@example.com'],
  otherNames: [{ oid: '1.3.6.1.4.1.311.20.2.3', utf8Value: 'web@corp.example' }],
  registeredIDs: ['1.3.6.1.4.1.32473.1'],
  duration: '2160h',
  usages: ['serverAuth', 'digitalSignature'],
  extensions: { mustStaple: true, custom: [{ oid: '1.3.6.1.4.1.32473.7', value: 'DAF4' }] },
  privateKey: { algorithm: 'RSA', size: 3072, encoding: 'PKCS1', rotation: 'Never' },
  renewal: { before: '720h', windows: [{ schedule: '0 2 * * SAT', length: '4h', timeZone: 'Europe/Berlin' }] },
  outputs: { pkcs12: { password: 'None', alias: 'web' }, der: {}, combinedPEM: {} },
  secretTemplate: { labels: { team: 'shop' }, annotations: { 'example.com/team': 'shop' } },
  revocation: { issuedBefore: '2026-11-22T11:00:00Z', reason: 'superseded' },
  owner: 'web@example.com',
}

/** A Certificate of a CA with a fixed end, which takes everything along when it goes. */
export const caSpec: CertificateSpec = {
  authorityRef: { name: 'ca' },
  literalSubject: 'CN=Sub,O=Example',
  isCA: true,
  pathLength: 1,
  nameConstraints: { permitted: { dnsDomains: ['example.com'], ipRanges: ['10.0.0.0/8'] } },
  notAfter: '2027-12-31T23:59:59Z',
  deletionPolicy: { revoke: true, secret: 'Delete' },
}

/** An Authority with every kind of pattern. */
export const policySpec: Authority['spec'] = {
  internal: { nameConstraints: { permitted: { dnsDomains: ['example.com'] } } },
  defaults: { subject: { organizations: ['Example'] }, duration: '2160h', renewal: { beforePercent: 30 } },
  policy: {
    rules: [
      {
        namespaces: ['shop'],
        names: {
          dns: ['**.example.com', '*.{namespace}.example.org'],
          ipRanges: ['192.0.2.0/24', '2001:db8::/32'],
          uris: ['spiffe://example.com/ns/{namespace}/**'],
          emails: ['*@example.com'],
          otherNames: [{ oid: '1.3.6.1.4.1.311.20.2.3', values: ['*@corp.example'] }],
          registeredIDs: ['1.3.6.1.4.1.32473.1'],
        },
        commonNames: ['*'],
        subject: { organizations: ['Ex*le'] },
        keys: [{ algorithm: 'ECDSA', minSize: 256 }],
        usages: ['serverAuth'],
        maxDuration: '2160h',
      },
    ],
    auditRules: [{ names: { dns: ['www.example.com'] }, requireOwner: true }],
    sensitiveNames: ['**.example.com'],
  },
}
