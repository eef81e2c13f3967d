import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Certificate, findCondition, isTrue, type Secret } from '#api'
import { resources } from '#kube'
import { keyMatchesLeaf } from '#test/faults'
import { badAuthorities } from './bad-input/bad-authorities.ts'
import { type BadInput, type BadSpec, put } from './bad-input/bad-input.ts'
import { badRequests } from './bad-input/bad-requests.ts'
import { badSecrets, secretWord } from './bad-input/bad-secrets.ts'
import { oddInput } from './bad-input/odd-input.ts'
import { pastedKey, refusedInput } from './bad-input/refused-input.ts'
import { costlyKeys, type Spoiled, spoiledSecrets } from './bad-input/spoiled-secrets.ts'
import { FileDropRoot, fileDropArgs } from './file-drop.ts'
import { authorities, certificates, isReady, type Namespace, textOf } from './namespace.ts'
import { inWords, Sandbox, type SandboxOperator } from './sandbox.ts'

const quietMs = 3000
/** Within which the operator serves others, whatever it is asked at the same time. */
const soonMs = 10_000

let sandbox: Sandbox
let operator: SandboxOperator
let fileDrops: FileDropRoot

/** A namespace for each kind of bad input. */
const teams: { readonly purpose: string; readonly rows: readonly BadInput[]; namespace?: Namespace }[] = [
  { purpose: 'requests', rows: badRequests },
  { purpose: 'authorities', rows: badAuthorities },
  { purpose: 'secrets', rows: badSecrets },
  { purpose: 'others', rows: [] },
]
const of = (team: (typeof teams)[number] | undefined): Namespace => team?.namespace ?? assert.fail('there is none yet')
const others = (): Namespace => of(teams.at(-1))

before(async () => {
  fileDrops = await FileDropRoot.open()
  sandbox = await Sandbox.open()
  for (const team of teams) team.namespace = await sandbox.namespace(`bad-${team.purpose}`)
  operator = await sandbox.operator({ namespaces: teams.map(of), leaseDuration: '15s', args: fileDropArgs })
  await Promise.all(teams.map(of).map(furnish))
  const team = of(teams.find(({ purpose }) => purpose === 'secrets'))
  await team.createAuthority('slow', (await fileDrops.folder()).spec)
  await team.createCertificate('ordered', { authorityRef: { name: 'slow' } })
  await team.certificateRefused('ordered', 'OrderPending')
})

after(async () => {
  await sandbox?.close()
  await fileDrops?.close()
})

async function furnish(team: Namespace): Promise<void> {
  await team.createAuthority('ca')
  const strict = { rules: [{ names: { dns: ['**.example.org'] } }] }
  await team.createAuthority('strict', { internal: {}, policy: strict })
  await Promise.all(['ca', 'strict'].map((name) => team.authorityReady(name)))
  await team.createCertificate('good')
  await team.certificateReady('good')
}

/** Whether a Secret holds all that it held, each of its kind: roots are those of before, all else may be made anew. */
const isWhole = (seen: Secret, { data = {} }: Secret): boolean =>
  Object.entries(data).every(([key, value]) => {
    const size = seen.data?.[key]?.length ?? 0
    return key === 'ca.crt' ? seen.data?.[key] === value : size > value.length / 2 && size < 10_000
  })

const create = (team: Namespace, name: string, spec: BadSpec = {}): Promise<Certificate> =>
  team.createCertificate(name, spec as Partial<Certificate['spec']>)

/** Whether the condition names the cause, and Ready says what holds of the certificate. */
const isNamed =
  ({ shownIn = 'Ready', reason, message }: BadInput) =>
  ({ metadata, status }: Certificate): boolean => {
    const said = findCondition(status?.conditions, shownIn)
    const isPresent = status?.observedGeneration === metadata.generation
    const isReadyOrNot = isTrue(status?.conditions, 'Ready') === (shownIn !== 'Ready')
    return isPresent && isReadyOrNot && said?.reason === reason && message.test(said.message)
  }

const isHealed =
  ({ shownIn = 'Ready' }: BadInput) =>
  (seen: Certificate): boolean =>
    isReady(seen) && (shownIn === 'Ready' || findCondition(seen.status?.conditions, shownIn) === undefined)

async function doBadly({ name, before: prepare, spec, spoil }: BadInput, team: Namespace): Promise<void> {
  await prepare?.(team, name)
  await create(team, name, spec)
  if (!spoil) return
  await team.certificateReady(name)
  await spoil(team, name)
}

describe('what the API server refuses', { concurrency: true }, () => {
  for (const [what, spec, message] of refusedInput) {
    test(`${what} is refused at once, and nothing is shown of it that is long or secret`, async () => {
      await assert.rejects(create(others(), 'refused', spec), (error: Error) => {
        assert.match(error.message, message)
        assert.ok(error.message.length < 2048 && !error.message.includes(pastedKey))
        return true
      })
    })
  }
})

for (const team of teams.slice(0, -1)) {
  describe(`bad ${team.purpose} are named`, { concurrency: true }, () => {
    for (const row of team.rows) {
      test(`${row.name}: ${row.reason}`, async () => {
        await doBadly(row, of(team))
        await of(team).certificateUntil(row.name, isNamed(row))
      })
    }

    test('and a good Certificate beside them is issued soon', async () => {
      await create(of(team), 'beside')
      await of(team).certificateReady('beside', 1, soonMs)
    })
  })
}

describe('what is odd and right is issued once', { concurrency: true }, () => {
  before(async () => {
    const many = Array.from({ length: 8 }, (_, index) => `${index}`.padStart(64, 'ü'))
    const long = many.map((each) => each.repeat(2))
    await others().createAuthority('long', {
      internal: { subject: { organizations: many, organizationalUnits: many, localities: long, provinces: long } },
    })
  })

  for (const [name, spec] of Object.entries(oddInput)) {
    test(name, async () => {
      await create(others(), name, spec)
      await others().certificateReady(name, 1)
      assert.ok(keyMatchesLeaf(await others().secret(name)))
    })
  }
})

/** Others who name a Secret are told within ten seconds that it is somebody else's now. */
const toldMs = 11_000

/** Only the order that nobody answers is looked at, once a second. */
async function assertQuiet(): Promise<void> {
  const visits = (): Promise<number> => operator.metric('sifaka_reconciles_total')
  await sandbox.writesWithin(toldMs)
  const before = await visits()
  const written = await sandbox.writesWithin(quietMs)
  assert.deepEqual(
    written.map((request) => `${inWords([request])} ${request.name}`),
    [],
  )
  const more = (await visits()) - before
  assert.ok(more <= 2 * (quietMs / 1000), `${more} visits`)
}

test('while all of it is bad the operator rests', assertQuiet)

for (const team of teams.slice(0, -1)) {
  describe(`bad ${team.purpose} heal once the cause is gone`, { concurrency: true }, () => {
    for (const row of team.rows) {
      test(row.name, async () => {
        const { name, mend } = row
        await (typeof mend === 'function' ? mend(of(team), name) : of(team).changeSpec(name, mend))
        await of(team).certificateUntil(name, isHealed(row))
      })
    }
  })
}

const isReadyAt = (revision: number) => (seen: Certificate) => isReady(seen) && (seen.status?.revision ?? 0) >= revision

async function spoilAndHeal({ name, spec, values, change, isKept }: Spoiled, team: Namespace): Promise<void> {
  await create(team, name, spec)
  await team.certificateReady(name, 1)
  const own = await team.secret(name)
  await put(team, name, await values(own, team))
  if (change) await team.changeSpec(name, change)
  if (!isKept) await team.certificateUntil(name, isReadyAt(2))
  const healed = await team.secretUntil(name, (seen) => isWhole(seen, own))
  assert.ok(keyMatchesLeaf(healed))
}

describe('a Secret of ours that somebody has spoiled is made anew', { concurrency: true }, () => {
  before(async () => {
    await create(others(), 'of-another-ca', { authorityRef: { name: 'strict' }, dnsNames: ['www.example.org'] })
    await others().certificateReady('of-another-ca')
  })

  for (const row of spoiledSecrets) test(row.name, () => spoilAndHeal(row, others()))
})

test('keys that would take long to decrypt or to use are replaced within a second of work', async () => {
  const before = await operator.metric('process_cpu_seconds_total')
  await Promise.all(costlyKeys.map((row) => spoilAndHeal(row, others())))
  const seconds = (await operator.metric('process_cpu_seconds_total')) - before
  assert.ok(seconds < 1, `${seconds} s`)
})

test('while it is healed the operator rests', assertQuiet)

test('no password and no key is shown in log, events or conditions', async () => {
  const seen = await Promise.all(
    teams.map(of).map(async ({ name: namespace }) => {
      const kinds = [resources.events, authorities, certificates, resources.configMaps]
      const lists = await Promise.all(kinds.map((kind) => sandbox.client.list(kind, { namespace })))
      return JSON.stringify(lists.map(({ items }) => items))
    }),
  )
  const all = [...seen, JSON.stringify(operator.logs), operator.errors()].join('\n')
  const { items } = await sandbox.client.list<Secret>(resources.secrets, { namespace: others().name })
  const keys = items.flatMap((secret) => textOf(secret, 'tls.key').split('\n')[1] ?? [])
  for (const word of [secretWord, pastedKey, ...keys.filter((line) => line.length === 64)])
    assert.ok(!all.includes(word), word)
  assert.ok(keys.length > 10)
})
