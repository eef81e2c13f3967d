import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '#test/make'
import { type AuditEntry, createAuditLog } from './index.ts'

const release: AuditEntry = {
  event: 'CertificateRelease',
  object: { kind: 'Certificate', namespace: 'shop', name: 'web', uid: 'uid-web' },
  authority: 'pki/root',
  secret: 'web-tls',
  certificate: {
    serialNumber: '4a01',
    fingerprint: 'f1',
    issuer: 'CN=Root',
    notAfter: '2027-02-20T12:00:00Z',
  },
  names: ['www.example.com', '192.0.2.1'],
  cause: 'SecretMissing',
}

const denial: AuditEntry = {
  event: 'PolicyDenied',
  object: { kind: 'Certificate', namespace: 'shop', name: 'web', uid: 'uid-web' },
  authority: 'pki/root',
  names: ['www.example.com'],
  cause: 'DNS name www.example.com is not permitted',
}

/** What the log writes for each entry. */
function written(...entries: AuditEntry[]): string[] {
  const lines: string[] = []
  const log = createAuditLog(new FakeClock(), (line) => void lines.push(line))
  for (const entry of entries) {
    const before = lines.length
    log.append(entry)
    assert.equal(lines.length, before + 1, 'a line is out when append returns')
  }
  return lines
}

// Programs of others read these lines: members may come, none may go or change its meaning.
test('the lines are as they have always been', () => {
  const web = '"object":{"kind":"Certificate","namespace":"shop","name":"web","uid":"uid-web"},"authority":"pki/root"'
  const leaf = '{"serialNumber":"4a01","fingerprint":"f1","issuer":"CN=Root","notAfter":"2027-02-20T12:00:00Z"}'
  const released =
    `${web},"secret":"web-tls","certificate":${leaf},` +
    '"names":["www.example.com","192.0.2.1"],"cause":"SecretMissing"}\n'
  const denied = `${web},"names":["www.example.com"],"cause":"DNS name www.example.com is not permitted"}\n`
  const start = '{"audit":1,"time":"2026-11-22T12:00:00.000000Z","event":'
  assert.deepEqual(written(release, { ...release, event: 'CARelease' }, denial), [
    `${start}"CertificateRelease",${released}`,
    `${start}"CARelease",${released}`,
    `${start}"PolicyDenied",${denied}`,
  ])
})

test('an entry is one line, whatever is in its texts', () => {
  const text = 'a\nb\r\nc\u0085d\u2028e\u2029f"}\\\u0000'
  const [line = ''] = written({ ...denial, names: [text], cause: text })
  assert.match(line, /^[\u0020-\u007e]+\n$/)
  const { names, cause } = JSON.parse(line)
  assert.deepEqual([names, cause], [[text], text])
})
