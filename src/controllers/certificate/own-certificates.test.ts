import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { day, toRfc3339 } from '#base'
import type { RegisterEntry, SecretView } from '#plan'
import { authority, certificate, heldCertificate, heldSecret, noon, secretMetadata } from '#test/make'
import type { AuthorityDirectory } from '../authority-directory.ts'
import type { ControllerTools } from '../tools.ts'
import { overtakenCertificate } from './own-certificates.ts'

const line: RegisterEntry = {
  serialNumber: '4a00',
  fingerprint: 'e0'.repeat(32),
  generation: 1,
  kind: 'Certificate',
  holder: 'shop/web',
  revision: 3,
  names: ['www.example.com'],
  issuedAt: noon - day,
  notAfter: noon + day,
}
const remembered = {
  revision: 3,
  serialNumber: line.serialNumber,
  fingerprint: line.fingerprint,
  issuedBy: 'shop/old',
  caGeneration: 1,
  issuedAt: toRfc3339(line.issuedAt),
  notAfter: toRfc3339(line.notAfter),
}

interface Situation {
  /** What the status tells of. */
  readonly told?: { readonly fingerprint?: string; readonly serialNumber?: string; readonly caGeneration?: number }
  readonly secret?: SecretView
  /** What the register of `shop/old` knows, which is not in charge any more. */
  readonly entry?: RegisterEntry
  readonly register?: 'loaded' | 'awaited' | 'failing'
}

const told = { serialNumber: line.serialNumber, fingerprint: line.fingerprint, caGeneration: 1 }

function found({ told: status = told, secret = heldSecret(), entry = line, register = 'loaded' }: Situation) {
  const named = (name: string) => authority({ metadata: { namespace: 'shop', name } })
  const tools = {
    caches: { authorities: [named('ca'), named('old')] },
    register: {
      isLoaded: () => register === 'loaded',
      isAwaited: () => register === 'awaited',
      ofHolder: (of: string, kind: string, holder: string) =>
        of === 'shop/old' && kind === entry.kind && holder === entry.holder ? [entry] : [],
    },
  } as unknown as ControllerTools
  const own = certificate({ status: { ...status, authority: 'shop/ca' } })
  return overtakenCertificate(own, secret, { tools, directory: {} as AuthorityDirectory })
}

suite('a certificate of the status that the Secret holds no more', () => {
  const situations: readonly [situation: string, expected: ReturnType<typeof found>, Situation][] = [
    ['is remembered as the register knows it, whichever Authority issued it', remembered, {}],
    ['is remembered where the Secret is gone', remembered, { secret: { state: 'absent' } }],
    [
      'is remembered where the Secret is damaged',
      remembered,
      { secret: { state: 'damaged', metadata: secretMetadata(), why: 'tls.key is missing' } },
    ],
    [
      'is remembered where nothing is in what is offered',
      remembered,
      { secret: { state: 'offered', metadata: secretMetadata(), held: 'tls.key is missing' } },
    ],
    ['that is still held is none', undefined, { secret: heldSecret({ fingerprint: line.fingerprint }) }],
    [
      'that is offered is none',
      undefined,
      { secret: { state: 'offered', metadata: secretMetadata(), held: heldCertificate(line) } },
    ],
    ["that is another Certificate's is not its own", undefined, { entry: { ...line, holder: 'shop/other' } }],
    ["that is an Authority's is not its own", undefined, { entry: { ...line, kind: 'Authority' } }],
    ['that no register knows is not proven', undefined, { entry: { ...line, fingerprint: 'ee'.repeat(32) } }],
    [
      'of an Authority without a register is not proven',
      undefined,
      { told: { serialNumber: line.serialNumber, fingerprint: line.fingerprint } },
    ],
    ['is not known while the register is loaded', 'unknown', { register: 'awaited' }],
    ['that is still held needs no register', undefined, { register: 'awaited', secret: heldSecret(line) }],
    ['of no status needs no register', undefined, { register: 'awaited', told: {} }],
    ['is not waited for where the register cannot be loaded', undefined, { register: 'failing' }],
  ]
  for (const [situation, expected, it] of situations) {
    test(situation, () => assert.deepEqual(found(it), expected))
  }
})
