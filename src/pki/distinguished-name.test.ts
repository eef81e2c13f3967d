import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { objectIdentifier, sequence, setOf, utf8String } from './der.ts'
import { commonNameOf, commonNamesOf, encodeName, formatName, readSubject } from './distinguished-name.ts'
import { PkiError } from './error.ts'
import type { Subject } from './subject-attribute.ts'

const long = (length: number): string => 'ü'.repeat(length)
const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex')

test('a subject is encoded from the widest attribute to the narrowest', () => {
  const all: Subject = {
    commonName: 'Web',
    serialNumber: 'HRB 1234',
    organizationalUnits: ['Second', 'First'],
    organizations: ['Example'],
    postalCodes: ['10115'],
    streetAddresses: ['Allee 1'],
    localities: ['Berlin'],
    provinces: ['BE'],
    countries: ['DE', 'FR'],
  }
  const rest = ['CN=Web', 'serialNumber=HRB 1234', 'OU=First', 'OU=Second', 'O=Example', 'postalCode=10115']
  const table: [Subject, string][] = [
    [{}, ''],
    [{ commonName: undefined, organizations: [] }, ''],
    [{ commonName: 'Web' }, 'CN=Web'],
    [{ commonName: 'Web', countries: ['DE'] }, 'CN=Web,C=DE'],
    [{ commonName: ' ' }, 'CN=\\ '],
    [{ commonName: '  ' }, 'CN=\\ \\ '],
    [{ commonName: 'a\\ ' }, 'CN=a\\\\\\ '],
    [{ organizations: ['Ünï, Inc.'] }, 'O=Ünï\\, Inc.'],
    [all, [...rest, 'street=Allee 1,L=Berlin,ST=BE,C=FR,C=DE'].join(',')],
  ]
  for (const [subject, text] of table) assert.equal(formatName(encodeName(subject)), text)
})

test('each attribute has its string type', () => {
  assert.equal(hex(encodeName({})), '3000')
  assert.equal(hex(encodeName({ commonName: 'A' })), '300c310a300806035504030c0141')
  assert.equal(hex(encodeName({ countries: ['DE'] })), '300d310b3009060355040613024445')
  assert.equal(hex(encodeName({ serialNumber: '7' })), '300c310a30080603550405130137')
  assert.equal(hex(encodeName({ organizations: ['A'] })), '300c310a3008060355040a0c0141')
})

test('a value that an attribute cannot have is refused with the name of the attribute', () => {
  const table: [Subject, RegExp][] = [
    [{ countries: ['DEU'] }, /a country has 2 letters/],
    [{ countries: ['D1'] }, /a country/],
    [{ countries: ['DE', ''] }, /a country/],
    [{ provinces: [long(129)] }, /a province has 1 to 128/],
    [{ localities: [long(129)] }, /a locality has 1 to 128/],
    [{ streetAddresses: [long(129)] }, /a street address has 1 to 128/],
    [{ postalCodes: [long(41)] }, /a postal code has 1 to 40/],
    [{ organizations: ['Example', long(65)] }, /an organization has 1 to 64/],
    [{ organizationalUnits: [''] }, /an organizational unit has 1 to 64/],
    [{ serialNumber: 'a'.repeat(65) }, /the serial number of a subject has 1 to 64/],
    [{ serialNumber: 'ü' }, /the serial number of a subject/],
    [{ commonName: long(65) }, /a common name has 1 to 64/],
    [{ commonName: '' }, /a common name/],
    [{ commonName: 'a\u0000.example' }, /a common name has .*no control characters/],
    [{ organizations: ['a\nb'] }, /an organization has .*no control characters/],
    [{ localities: ['\ud800'] }, /a locality/],
  ]
  for (const [subject, about] of table) {
    const named = (error: unknown): boolean =>
      error instanceof PkiError && error.reason === 'InvalidRequest' && about.test(error.message)
    assert.throws(() => encodeName(subject), named, JSON.stringify(subject))
  }
})

test('a value may be as long as its upper bound, counted in characters', () => {
  const subjects: Subject[] = [
    { provinces: [long(128)] },
    { postalCodes: [long(40)] },
    { serialNumber: 'a'.repeat(64) },
    { commonName: '😀'.repeat(64) },
  ]
  for (const subject of subjects) assert.doesNotThrow(() => encodeName(subject), JSON.stringify(subject))
})

test('of several common names the last one counts', () => {
  const name = Buffer.from('3018310a300806035504030c0141310a300806035504030c0142', 'hex')
  assert.deepEqual(commonNamesOf(name), ['A', 'B'])
  assert.equal(commonNameOf(name), 'B')
  assert.equal(commonNameOf(encodeName({ organizations: ['A'] })), undefined)
})

suite('a Name read back as a subject', () => {
  const name = (type: string, text: string): Uint8Array =>
    sequence(setOf(sequence(objectIdentifier(type), utf8String(text))))

  for (const [type, what] of [
    ['1.2.840.113549.1.9.1', 'emailAddress'],
    ['0.9.2342.19200300.100.1.25', 'DC'],
    ['1.2.3.4', '1.2.3.4'],
  ] as const) {
    test(`is refused with ${what}`, () => {
      assert.throws(() => readSubject(name(type, 'a')), {
        reason: 'InvalidRequest',
        message: new RegExp(`has ${what}`),
      })
    })
  }

  test('has one common name and one serialNumber at most', () => {
    const twice = (type: string): Uint8Array =>
      sequence(...['a', 'b'].map((text) => setOf(sequence(objectIdentifier(type), utf8String(text)))))
    assert.throws(() => readSubject(twice('2.5.4.5')), { reason: 'InvalidRequest' })
    assert.throws(() => readSubject(twice('2.5.4.3')), { reason: 'InvalidRequest' })
  })

  test('is what was written', () => {
    const text = fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom(...'aÄ€ #,+=\\"<>;0C') })
    const lists = {
      organizations: fc.array(text, { minLength: 1, maxLength: 3 }),
      streetAddresses: fc.array(text, { minLength: 1, maxLength: 2 }),
    }
    fc.assert(
      fc.property(fc.record(lists, { noNullPrototype: true }), (given) => {
        const subject = { commonName: 'a,O=b', ...given }
        assert.deepEqual(readSubject(encodeName(subject)), subject)
      }),
      { numRuns: 60 },
    )
  })
})
