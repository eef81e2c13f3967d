import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import { isFailure } from '#base'
import {
  type EndEntityRequest,
  type IssueAnswer,
  type IssuedCertificate,
  type Issuer,
  type IssuerDescription,
  type IssuerPlugin,
  internalIssuer,
} from '#issuers'
import { type Bundle, encodeBundle, type ParsedCertificate } from '#pki'
import { FakeClock, testCa } from '#test/make'
import { never } from './obtain.ts'
import { issuerTests } from './test-issuer.ts'
import { beginTrial, type TestedAuthority } from './trial.ts'

let ca: Bundle
let otherCa: Bundle
before(async () => {
  ca = await testCa()
  otherCa = await testCa()
})

const inner = (options: unknown, tools: Parameters<IssuerPlugin['create']>[1]): Issuer =>
  internalIssuer.create(options, tools)

/** Orders that lie on a desk until somebody signs them: the desk stays when the issuer is started anew. */
function desk(change: (honest: Issuer, orders: Map<string, EndEntityRequest>) => Partial<Issuer> = () => ({})) {
  const orders = new Map<string, EndEntityRequest>()
  const answers = new Map<string, Promise<IssueAnswer>>()
  const settled = new Set<string>()
  const create: IssuerPlugin['create'] = (options, tools) => {
    const behind = inner(options, tools)
    const sign = (request: EndEntityRequest): Promise<IssueAnswer> => {
      const answer = answers.get(request.id) ?? behind.issue(request, never)
      answers.set(request.id, answer)
      answer.catch(() => answers.delete(request.id))
      return answer
    }
    const honest: Issuer = {
      ...behind,
      describe: () => ({
        ...behind.describe(),
        isLocal: false,
        unsupported: { deactivate: 'nobody counts them here' },
      }),
      async issue(request, signal) {
        signal.throwIfAborted()
        orders.set(request.id, request)
        return { state: 'pending', handle: request.id, afterMs: 1000 }
      },
      async poll(handle, _, signal) {
        signal.throwIfAborted()
        const request = orders.get(handle)
        if (!request) return { state: 'gone', why: 'it is not on the desk' }
        return settled.has(handle) ? sign(request) : { state: 'pending', handle, afterMs: 1000 }
      },
      async cancel(handle, signal) {
        signal.throwIfAborted()
        orders.delete(handle)
      },
    }
    return { ...honest, ...change(honest, orders) }
  }
  const authority = (): TestedAuthority => ({
    ...overCa(),
    async settle() {
      for (const id of orders.keys()) settled.add(id)
    },
  })
  return { plugin: { type: 'desk', create }, authority }
}

const overCa = (): TestedAuthority => ({
  options: { secretName: 'ca' },
  secrets: { ca: { ...encodeBundle(ca, 'PKCS8') } },
  clock: new FakeClock(),
})

/** Runs one test of the suite, with its end. */
async function runOne(title: string, plugin: IssuerPlugin, authority: TestedAuthority): Promise<void> {
  const ends: (() => unknown)[] = []
  const context = { after: (end: () => unknown) => void ends.push(end), diagnostic: () => {} }
  const run = issuerTests[title]
  assert.ok(run, `there is no test "${title}"`)
  const trial = await beginTrial(plugin, async () => authority, context as Parameters<typeof beginTrial>[2])
  await run(trial, context as Parameters<typeof run>[1])
  for (const end of ends) await end()
}

/** The internal issuer, but for what is changed. */
const lying = (change: (honest: Issuer) => Partial<Issuer>): IssuerPlugin => ({
  type: 'liar',
  create(options, tools) {
    const honest = inner(options, tools)
    return { ...honest, ...change(honest) }
  },
})

const describing = (part: Partial<IssuerDescription>): IssuerPlugin =>
  lying((honest) => ({ describe: () => ({ ...honest.describe(), ...part }) }))

const declaring = (unsupported: IssuerDescription['unsupported']): IssuerPlugin =>
  lying((honest) => {
    const description = honest.describe()
    return { describe: () => ({ ...description, unsupported: { ...description.unsupported, ...unsupported } }) }
  })

const issuing = (change: (request: EndEntityRequest) => EndEntityRequest['profile']): IssuerPlugin =>
  lying(({ issue }) => ({ issue: (request, signal) => issue({ ...request, profile: change(request) }, signal) }))

const answering = (change: (issued: IssuedCertificate) => Partial<IssuedCertificate>): IssuerPlugin =>
  lying(({ issue }) => ({
    async issue(request, signal) {
      const answer = await issue(request, signal)
      return answer.state === 'issued' ? { ...answer, ...change(answer) } : answer
    },
  }))

/** What the suite says, in contrast to a mistake in it. */
const isVerdict = (error: unknown): boolean => error instanceof assert.AssertionError || isFailure(error)

suite('an issuer is found out that', () => {
  const lies: readonly [lie: string, title: string, plugin: () => IssuerPlugin][] = [
    ['has a type that is no word', 'its type is a word', () => ({ ...internalIssuer, type: 'My-Issuer' })],
    [
      'describes itself differently each time',
      'its description is plain data of known words, the same each time',
      () => {
        let asked = 0
        return lying(({ describe }) => ({ describe: () => ({ ...describe(), isLocal: ++asked > 1 }) }))
      },
    ],
    ['gives no reason', 'each unsupported feature has a reason, in words', () => declaring({ deactivate: '' })],
    [
      'has a method whose feature it has not',
      'it has the methods of the features that it has, and no others',
      () => declaring({ subordinates: 'it signs end entities only' }),
    ],
    [
      'declares what works',
      'wildcards, unless it is declared unsupported',
      () => declaring({ wildcards: 'the authority has none' }),
    ],
    [
      'drops a name in silence',
      'dnsNames, unless it is declared unsupported',
      () => issuing(({ profile }) => ({ ...profile, names: { ...profile.names, dnsNames: ['example.com'] } })),
    ],
    [
      'drops must-staple in silence',
      'must-staple, unless it is declared unsupported',
      () => issuing(({ profile }) => ({ ...profile, mustStaple: false })),
    ],
    [
      'drops an extension in silence',
      'an extension of nobody, unless it is declared unsupported',
      () => issuing(({ profile }) => ({ ...profile, customExtensions: [] })),
    ],
    [
      'orders a subject in its own way',
      'a subject whose order counts, unless it is declared unsupported',
      () =>
        issuing(({ profile }) => ({ ...profile, literalSubject: profile.literalSubject?.split(',').sort().join() })),
    ],
    [
      'issues to an end entity what was to be a CA',
      'the certificate of a CA, unless it is declared unsupported',
      () => issuing(({ profile }) => ({ ...profile, ca: undefined })),
    ],
    [
      'declares that it makes no CA, and does',
      'the certificate of a CA, unless it is declared unsupported',
      () => declaring({ isCA: 'the authority signs end entities only' }),
    ],
    [
      'drops the subject in silence',
      'a subject, unless it is declared unsupported',
      () => issuing(({ profile }) => ({ ...profile, subject: undefined })),
    ],
    [
      'adds a usage',
      'the usage serverAuth, unless it is declared unsupported',
      () => issuing(({ profile }) => ({ ...profile, usages: [...profile.usages, 'clientAuth'] })),
    ],
    [
      'decides the end and does not say so',
      'the end is as asked for, to the second, unless the issuer decides it',
      () => issuing(({ profile }) => ({ ...profile, notAfter: profile.notAfter - 1000 })),
    ],
    [
      'sends the root along',
      'dnsNames, unless it is declared unsupported',
      () => answering(({ roots }) => ({ intermediates: roots })),
    ],
    [
      'sends the root of another',
      'dnsNames, unless it is declared unsupported',
      () => answering(() => ({ roots: otherCa.roots })),
    ],
    [
      'sends one certificate to all',
      'each certificate has a serial number of its own, too long to be guessed',
      () => {
        const sent: { certificate?: ParsedCertificate } = {}
        return answering(({ certificate }) => {
          sent.certificate ??= certificate
          return { certificate: sent.certificate }
        })
      },
    ],
    [
      'tells the chain of another',
      'its own certificates verify what it issues',
      () => lying(() => ({ caChain: async () => ({ intermediates: [], roots: otherCa.roots }) })),
    ],
    [
      'polls what it cannot',
      'an order is pending until it is settled, and then a certificate',
      () => lying(() => ({ poll: async () => ({ state: 'gone', why: 'there are no orders' }) })),
    ],
    [
      'leaves revoked certificates off its list',
      'openssl finds on its list what is revoked, and only that',
      () =>
        lying(({ signCrl }) => ({
          signCrl: (request, signal) => listOf(signCrl, { ...request, revoked: [] }, signal),
        })),
    ],
    [
      'signs a subordinate without its constraints',
      'a subordinate has the path length and the name constraints that it was given',
      () =>
        lying(({ signSubordinate }) => ({
          signSubordinate: async (request, signal) => {
            const { nameConstraints: _, ...profile } = request.profile
            return signSubordinate?.({ ...request, profile }, signal) ?? assert.fail()
          },
        })),
    ],
    [
      'does not heed the signal',
      'every method gives up when it is told to',
      () => lying(({ caChain }) => ({ caChain: () => caChain(never) })),
    ],
    [
      'takes any options',
      'options that are none are refused for good',
      () => ({ type: 'liar', create: (_, tools) => inner({ secretName: 'ca' }, tools) }),
    ],
    [
      'tells what is in a damaged Secret',
      'a Secret that is damaged is a failure that passes with it',
      () => ({
        type: 'liar',
        create: (options, tools) => {
          const readSecret = async (name: string) => {
            const files = await tools.readSecret(name)
            if (files['tls.key'] !== 'canary') return files
            throw Object.assign(new Error(`Secret ca: ${files['tls.key']}`), { kind: 'Retryable', reason: 'Damaged' })
          }
          return inner(options, { ...tools, readSecret })
        },
      }),
    ],
    [
      'gives up for good when a Secret is missing',
      'a Secret that is missing is a failure that passes with it',
      () =>
        lying(({ issue }) => {
          let failed: unknown
          return {
            issue: async (request, signal) => {
              if (failed) throw failed
              return issue(request, signal).catch((error: unknown) => {
                failed = error
                throw error
              })
            },
          }
        }),
    ],
    [
      'logs its key',
      'dnsNames, unless it is declared unsupported',
      () => ({
        type: 'liar',
        create: (options, tools) => {
          const readSecret = async (name: string) => {
            const files = await tools.readSecret(name)
            tools.logger.debug({ files }, 'read')
            return files
          }
          return inner(options, { ...tools, readSecret })
        },
      }),
    ],
    [
      'says that it cannot revoke, and has a list',
      'it has the methods of the features that it has, and no others',
      () => declaring({ revoke: 'this authority revokes nothing' }),
    ],
    [
      'knows reasons that there are not',
      'its description is plain data of known words, the same each time',
      () => describing({ revocationReasons: ['because' as 'unspecified'] }),
    ],
  ]
  for (const [lie, title, plugin] of lies) {
    test(lie, async () => {
      await runOne(title, internalIssuer, overCa())
      await assert.rejects(runOne(title, plugin(), overCa()), isVerdict)
    })
  }
})

const listOf = (
  signCrl: Issuer['signCrl'],
  ...[request, signal]: Parameters<NonNullable<Issuer['signCrl']>>
): Promise<Uint8Array> => signCrl?.(request, signal) ?? assert.fail('it signs no list')

suite('an issuer with pending orders is found out that', () => {
  const lies: readonly [lie: string, title: string, change: Parameters<typeof desk>[0]][] = [
    [
      'orders twice',
      'the same request handed in again finds its order, after a restart too',
      ({ issue }, orders) => ({
        issue: (request, signal) => issue({ ...request, id: `${request.id}-${orders.size}` }, signal),
      }),
    ],
    [
      'fails when there is nothing left to cancel',
      'an order that is cancelled is gone, and cancelling it again is no failure',
      ({ cancel }, orders) => ({
        cancel: async (handle, signal) => (orders.has(handle) ? cancel(handle, signal) : assert.fail('not there')),
      }),
    ],
    [
      'cancels nothing',
      'an order that is cancelled is gone, and cancelling it again is no failure',
      () => ({ cancel: async () => {} }),
    ],
    [
      'has one order for all',
      'another request is another order',
      ({ issue }) => ({ issue: (request, signal) => issue({ ...request, id: 'one' }, signal) }),
    ],
    [
      'takes any handle for an order',
      'what is no order of ours is gone, or a failure that may pass',
      () => ({ poll: async (handle) => ({ state: 'pending', handle, afterMs: 0 }) }),
    ],
    [
      'forgets what it has handed over',
      'an order is pending until it is settled, and then a certificate',
      ({ poll }, orders) => ({
        poll: async (handle, request, signal) => {
          const answer = await poll(handle, request, signal)
          if (answer.state === 'issued') orders.delete(handle)
          return answer
        },
      }),
    ],
  ]
  for (const [lie, title, change] of lies) {
    test(lie, async () => {
      const [honest, liar] = [desk(), desk(change)]
      await runOne(title, honest.plugin, honest.authority())
      await assert.rejects(runOne(title, liar.plugin, liar.authority()), isVerdict)
    })
  }
})

test('the desk passes the whole suite', async () => {
  for (const title of Object.keys(issuerTests)) {
    const { plugin, authority } = desk()
    await runOne(title, plugin, authority())
  }
})
