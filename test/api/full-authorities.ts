import type { AuthoritySpec, AuthorityStatus } from '#api'
import type { FullSpec } from './manifest.ts'

const everything: AuthoritySpec = {
  internal: {
    commonName: 'Team CA',
    parentRef: { name: 'root' },
    privateKey: { algorithm: 'ECDSA', size: 384 },
    duration: '43800h',
  },
  allowedNamespaces: {
    from: 'Selector',
    selector: {
      matchLabels: { 'example.com/team': 'web' },
      matchExpressions: [
        { key: 'stage', operator: 'In', values: ['test', 'production'] },
        { key: 'retired', operator: 'DoesNotExist' },
      ],
    },
  },
  allowedSubordinates: { from: 'Same' },
  policy: {
    rules: [
      {
        names: { dns: ['**', '**.example.com', '*.{namespace}.svc', 'a-{namespace}.b_c'], ipRanges: ['10.0.0.0/8'] },
        maxDuration: '2160h',
      },
      { names: { ipRanges: ['fd00::/8', '192.0.2.1/32'] } },
    ],
  },
}

export const fullAuthorities: readonly FullSpec[] = [
  { name: 'every field', spec: everything },
  { name: 'least', spec: { internal: {} } },
  { name: 'an RSA root', spec: { internal: { privateKey: { algorithm: 'RSA', size: 4096 }, duration: '876000h' } } },
  {
    name: 'open to all',
    spec: {
      internal: {},
      allowedNamespaces: { from: 'All' },
      policy: { rules: [{ names: { dns: ['*.{namespace}.example.com'] } }] },
    },
  },
]

export const fullAuthorityStatus: Required<AuthorityStatus> = {
  observedGeneration: 1,
  conditions: [
    {
      type: 'Ready',
      status: 'True',
      observedGeneration: 1,
      lastTransitionTime: '2026-11-22T12:00:00Z',
      reason: 'CAReady',
      message: 'valid until 2036-11-19T12:00:00Z',
    },
  ],
  ca: {
    generation: 1,
    subject: 'CN=Team CA',
    serialNumber: '00a1b2c3',
    fingerprint: 'ab'.repeat(32),
    notBefore: '2026-11-22T11:55:00Z',
    notAfter: '2036-11-19T12:00:00Z',
    secretName: 'team-ca-ca-1',
  },
  caBundle: '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n',
}
