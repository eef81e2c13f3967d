import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { createCsr } from './csr.ts'
import { encodeName, formatName } from './distinguished-name.ts'
import { PkiError } from './error.ts'
import { generateKey } from './key.ts'
import { parseLiteralSubject } from './literal-subject.ts'
import { keySigner } from './signer.ts'

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex')

suite('a literal subject', () => {
  test('is encoded from its end to its beginning', () => {
    const { der, subject, others } = parseLiteralSubject('CN=web,OU=Shop,OU=Example,DC=example,DC=com')
    const com = '31133011060a0992268993f22c64011916' + '03636f6d'
    assert.equal(hex(der).slice(4, 4 + com.length), com)
    assert.equal(formatName(der), 'CN=web,OU=Shop,OU=Example,DC=example,DC=com')
    assert.deepEqual(subject, { commonName: 'web', organizationalUnits: ['Shop', 'Example'] })
    assert.deepEqual(others, ['DC=example', 'DC=com'])
  })

  test('has the string types of RFC 5280', () => {
    assert.equal(hex(parseLiteralSubject('C=DE').der), '300d310b3009060355040613024445')
    assert.equal(hex(parseLiteralSubject('O=A').der), '300c310a3008060355040a0c0141')
    assert.equal(hex(parseLiteralSubject('1.2.3=A').der), '300b310930070602' + '2a030c0141')
  })

  const readings: readonly [text: string, as: string][] = [
    ['cn=web , o = Shop ', 'CN=web,O=Shop'],
    ['2.5.4.3=web', 'CN=web'],
    ['O=Shop\\, Inc.', 'O=Shop\\, Inc.'],
    ['O=\\ Shop\\ ', 'O=\\ Shop\\ '],
    ['O=Sh\\C3\\B6p', 'O=Shöp'],
    ['O=Shöp', 'O=Shöp'],
    ['O=a=b#c', 'O=a=b#c'],
    ['O=\\#1', 'O=\\#1'],
    ['O=\\"\\+\\;\\<\\>\\\\', 'O=\\"\\+\\;\\<\\>\\\\'],
    ['OU=Sales+CN=J.  Smith,DC=example', 'OU=Sales+CN=J.  Smith,DC=example'],
    ['postalCode=1,STREET=2,ST=3,L=4,serialNumber=5,UID=6', 'postalCode=1,street=2,ST=3,L=4,serialNumber=5,UID=6'],
    ['SN=Smith,GN=Jo,title=Dr.,emailAddress=jo@example.com', 'SN=Smith,GN=Jo,title=Dr.,emailAddress=jo@example.com'],
    ['1.2.3=#130141,O=a', '1.2.3=#130141,O=a'],
  ]
  for (const [text, as] of readings) {
    test(`${text} is read`, () => assert.equal(formatName(parseLiteralSubject(text).der), as))
  }

  const flaws: readonly [text: string, about: RegExp][] = [
    ['', /an attribute such as CN=name is expected at its end/],
    ['web', /is expected where it says "web"/],
    ['CN=web,', /is expected at its end/],
    ['CN=web,,O=a', /is expected where it says ",O=a"/],
    ['/C=DE/CN=web', /is expected where it says "\/C=DE/],
    ['CN=', /a common name has 1 to 64 characters/],
    [`CN=${'a'.repeat(65)}`, /a common name has 1 to 64 characters/],
    ['CN=a\\00b', /no control characters/],
    ['CN=a\nb', /no control characters/],
    ['C=Germany', /a country has 2 letters/],
    ['DC=bücher', /characters of ASCII/],
    ['FOO=a', /attribute FOO is not known: use its object identifier/],
    ['1.2.3456789012345678=a', /is not known/],
    ['CN="web"', /the value of CN has ""w", which has to be escaped/],
    ['O=a;b', /the value of O has ";b"/],
    ['O=a\\x', /the value of O has "\\x"/],
    ['O=a\\', /is expected where it says/],
    ['O=\\C3', /is not UTF-8/],
    ['CN=a,CN=b', /more than one CN/],
    ['serialNumber=1,serialNumber=2', /more than one serialNumber/],
    ['O=a+O=b', /one RDN has O twice/],
    ['CN=#0c0141', /write it as such/],
    ['1.2.3=#0c02', /not one DER element/],
    ['1.2.3=#0c0141zz', /not one DER element/],
    [`O=${'a'.repeat(1024)}`, /has 1026 characters, at most 1024/],
  ]
  for (const [text, message] of flaws) {
    test(`${JSON.stringify(text.slice(0, 24))} is refused`, () => {
      assert.throws(() => parseLiteralSubject(text), { kind: 'Terminal', reason: 'InvalidRequest', message })
    })
  }

  test('is read back from the text of any name that has as many attributes', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((each) => !/\p{Cc}/u.test(each))
    const subject = fc.record(
      { commonName: text, organizations: fc.array(text, { maxLength: 3 }), countries: fc.constant(['DE']) },
      { requiredKeys: ['commonName'] },
    )
    fc.assert(
      fc.property(subject, (each) => {
        const der = encodeName(each)
        assert.equal(hex(parseLiteralSubject(formatName(der)).der), hex(der))
      }),
    )
  })

  test('whatever the text is, it is read or refused as a request', () => {
    const piece = fc.oneof(
      fc.constantFrom(...'CN= ,+\\#"0aF;1.2'.split('')),
      fc.string({ unit: 'binary', maxLength: 3 }),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        try {
          parseLiteralSubject(pieces.join(''))
        } catch (error) {
          assert.ok(error instanceof PkiError && error.reason === 'InvalidRequest', String(error))
        }
      }),
    )
  })

  test('OpenSSL shows the text that it was', async () => {
    const text = 'CN=web,OU=Shop\\, Inc.+UID=7,O=\\#1,DC=example,DC=com'
    const signer = keySigner(await generateKey({ algorithm: 'ECDSA', size: 256 }))
    const pem = await createCsr({ subject: parseLiteralSubject(text).der }, signer)
    const shown = execFileSync('openssl', ['req', '-noout', '-subject', '-nameopt', 'RFC2253'], { input: pem })
    assert.equal(shown.toString(), `subject=${text}\n`)
  })
})
