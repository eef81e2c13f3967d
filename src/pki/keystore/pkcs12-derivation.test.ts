import assert from 'node:assert/strict'
import { test } from 'node:test'
import { derive, purpose } from './pkcs12-derivation.ts'

/** Vectors that PKCS #12 implementations have shared since the 1990s; RFC 7292 has none. All are of SHA-1. */
const vectors: readonly [password: string, salt: string, iterations: number, purpose: number, derived: string][] = [
  ['smeg', '0a58cf64530d823f', 1, purpose.key, '8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3'],
  ['smeg', '0a58cf64530d823f', 1, purpose.iv, '79993dfe048d3b76'],
  ['smeg', '3d83c0e4546ac140', 1, purpose.mac, '8d967d88f6caa9d714800ab3d48051d63f73a312'],
  ['queeg', '05dec959acff72f7', 1000, purpose.key, 'ed2034e36328830ff09df1e1a07dd357185dac0d4f9eb3d4'],
  ['queeg', '263216fcc2fab31c', 1000, purpose.mac, '5ec4c7a80df652294c3925b6489a7ab857c83476'],
]

for (const [password, salt, iterations, use, derived] of vectors) {
  test(`${password}, ${iterations} iterations, purpose ${use}`, () => {
    const input = { hash: 'sha1', password, salt: Buffer.from(salt, 'hex'), iterations, purpose: use } as const
    assert.equal(derive({ ...input, length: derived.length / 2 }).toString('hex'), derived)
  })
}
