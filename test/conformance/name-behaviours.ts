import assert from 'node:assert/strict'
import { AsnConvert } from '@peculiar/asn1-schema'
import { Certificate as Asn1Certificate } from '@peculiar/asn1-x509'
import type { Secret } from '#api'
import { leafOf, messageOf, trueConditions } from '../controllers/namespace.ts'
import type { Behaviours } from './behaviour.ts'
import type { Bench } from './bench.ts'
import { userPrincipalName } from './cases.ts'

const literalSubject = String.raw`CN=web,UID=4711,OU=Shop\, East,O=Example,L=Kassel,ST=Hessen,C=DE,DC=example,DC=com`

/** Hexadecimal DER of the alternative names. */
function alternativeNamesOf(raw: Uint8Array): string {
  const { tbsCertificate } = AsnConvert.parse(raw, Asn1Certificate)
  const found = tbsCertificate.extensions?.find(({ extnID }) => extnID === '2.5.29.17')
  return found ? Buffer.from(found.extnValue.buffer).toString('hex') : ''
}

/** The same as openssl writes it. */
async function alternativeNamesBy({ openssl }: Bench, names: string): Promise<string> {
  const key = ['-newkey', 'ed25519', '-nodes', '-keyout', 'reference.key']
  const pem = await openssl.run('req', '-x509', ...key, '-subj', '/CN=web', '-addext', `subjectAltName=${names}`)
  return alternativeNamesOf(Buffer.from(pem.replaceAll(/-----[^-]+-----|\n/g, ''), 'base64'))
}

const octetsIn = (secret: Secret): string => alternativeNamesOf(leafOf(secret).raw)

export const nameBehaviours: Behaviours = {
  'other names are written as openssl writes them, octet by octet': async (bench) => {
    const principals = ['a@example.com', 'b@example.com']
    const otherNames = principals.map((utf8Value) => ({ oid: userPrincipalName, utf8Value }))
    const { secret } = await bench.issued('principals', { emailAddresses: ['web@example.com'], otherNames })
    const wanted = ['email:web@example.com', ...principals.map((each) => `otherName:${userPrincipalName};UTF8:${each}`)]
    assert.equal(octetsIn(secret), await alternativeNamesBy(bench, wanted.join(',')))
  },

  'another name of a kind that is none is refused at once': async (bench) => {
    const creating = bench.create('bad-kind', { otherNames: [{ oid: 'BAD', utf8Value: 'a@example.com' }] })
    await assert.rejects(creating, /must be an object identifier such as/)
  },

  'another name without a value is refused at once': async (bench) => {
    const creating = bench.create('no-value', { otherNames: [{ oid: userPrincipalName, utf8Value: '' }] })
    await assert.rejects(creating, /utf8Value/)
  },

  'a literal subject has every attribute in its order': async (bench) => {
    await bench.issued('every-attribute', { literalSubject, dnsNames: ['www.example.com'] })
  },

  'a literal subject with an attribute that nobody knows is refused, and named': async (bench) => {
    await bench.create('unknown-attribute', { literalSubject: 'CN=web,UNKNOWN=x' })
    const refused = await bench.refused('unknown-attribute', 'InvalidRequest')
    assert.match(messageOf(refused), /UNKNOWN/)
    assert.deepEqual(trueConditions(refused), ['Stalled'])
  },
}
