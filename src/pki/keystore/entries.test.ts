import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import { testCa } from '#test/make'
import type { Bundle } from '../bundle.ts'
import { PkiError } from '../error.ts'
import type { ParsedCertificate } from '../parsed-certificate.ts'
import { chainOf, trustedEntries } from './entries.ts'

let root: Bundle
let nextRoot: Bundle
let intermediate: Bundle
let leaf: Bundle

before(async () => {
  root = await testCa({ commonName: 'Root' })
  nextRoot = await testCa({ commonName: 'Root' })
  intermediate = await testCa({ commonName: 'Intermediate', parent: root })
  leaf = await testCa({ commonName: 'Leaf', parent: intermediate })
})

const fingerprints = (certificates: readonly ParsedCertificate[]) => certificates.map((each) => each.fingerprint)

suite('the chain of a key store', () => {
  const chain = (bundle: Bundle, roots: readonly Bundle[] | undefined) =>
    fingerprints(
      chainOf({
        key: bundle.key,
        certificate: bundle.certificate,
        intermediates: bundle.intermediates,
        ...(roots && { roots: roots.map(({ certificate }) => certificate) }),
        alias: 'web',
      }),
    )
  const of = (...bundles: readonly Bundle[]) => fingerprints(bundles.map(({ certificate }) => certificate))

  test('ends with the root that issued its last member, whatever others are trusted', () => {
    assert.deepEqual(chain(leaf, [nextRoot, root]), of(leaf, intermediate, root))
  })
  test('ends with the last intermediate when no roots are given, or none of them fits', () => {
    assert.deepEqual(chain(leaf, undefined), of(leaf, intermediate))
    assert.deepEqual(chain(leaf, [nextRoot]), of(leaf, intermediate))
  })
  test('has a root once, when it is itself the certificate, or among the intermediates', () => {
    assert.deepEqual(chain(root, [root]), of(root))
    assert.deepEqual(chain(leaf, [intermediate]), of(leaf, intermediate))
  })
})

suite('the entries of a trust store', () => {
  test('are one for each different root, under names of their own', () => {
    const roots = [root, nextRoot, root, intermediate].map(({ certificate }) => certificate)
    const entries = trustedEntries({ roots, alias: 'ca' })
    assert.deepEqual(
      entries.map(([alias]) => alias),
      ['ca', 'ca-1', 'ca-2'],
    )
    assert.deepEqual(
      fingerprints(entries.map(([, certificate]) => certificate)),
      fingerprints([root.certificate, nextRoot.certificate, intermediate.certificate]),
    )
  })
  test('need a name', () => {
    assert.throws(
      () => trustedEntries({ roots: root.roots, alias: '' }),
      (error) => error instanceof PkiError && error.message === 'the alias of the keystore is empty',
    )
  })
})
