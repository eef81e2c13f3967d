import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { FileDropRoot, fileDropArgs } from '../controllers/file-drop.ts'
import { type Namespace, textOf } from '../controllers/namespace.ts'
import { Openssl } from '../controllers/openssl.ts'
import { Sandbox, type SandboxOperator } from '../controllers/sandbox.ts'
import { behaviours } from './behaviours.ts'
import { Bench } from './bench.ts'
import { type CertificateCase, cases } from './cases.ts'
import { assertUnsupported, keyLines } from './conforms.ts'
import { type IssuerUnderTest, issuers } from './issuers.ts'
import { Sight } from './sight.ts'

/** What a Certificate promises, for every issuer that there is: docs/conformance.md has the table of cases. */

let sandbox: Sandbox
let openssl: Openssl
let fileDrop: FileDropRoot
let operator: SandboxOperator
let sight: Sight
const teams = new Map<string, Namespace>()
const benches = new Map<string, Bench>()
const helpers: Promise<void>[] = []
let isOver = false

before(async () => {
  fileDrop = await FileDropRoot.open()
  ;[sandbox, openssl] = await Promise.all([Sandbox.open(), Openssl.open()])
  for (const { name } of issuers) teams.set(name, await sandbox.namespace(`conformance-${name}`))
  const namespaces = [...teams.values()]
  operator = await sandbox.operator({ namespaces, leaseDuration: '30s', args: fileDropArgs })
  sight = await Sight.open(sandbox, namespaces)
  await Promise.all(issuers.map(prepare))
})

after(async () => {
  isOver = true
  await Promise.all(helpers)
  await sight?.close()
  await sandbox?.close()
  await openssl?.close()
  await fileDrop?.close()
})

async function prepare(issuer: IssuerUnderTest): Promise<void> {
  const team = teams.get(issuer.name)
  assert.ok(team)
  const settle = await issuer.create({ team, openssl, fileDrop })
  await team.authorityReady('ca', 60_000)
  if (settle) helpers.push(againAndAgain(settle))
  benches.set(issuer.name, new Bench({ issuer, team, sandbox, sight, operator, openssl }))
}

/** In the place of the people at a CA. A request that is withdrawn while they sign it is none of the next ones. */
async function againAndAgain(settle: () => Promise<void>): Promise<void> {
  while (!isOver) {
    await settle().catch(() => {})
    await sleep(100)
  }
}

function benchOf({ name }: IssuerUnderTest): Bench {
  const bench = benches.get(name)
  assert.ok(bench, `${name} was not made`)
  return bench
}

/** All certificates of the table are made at once, then judged one by one. */
function tableOf(issuer: IssuerUnderTest): void {
  before(() => Promise.all(cases.map(({ name, spec }) => benchOf(issuer).create(name, spec))))

  for (const each of cases) {
    const unsupported = issuer.unsupported[each.name]
    const title = `${each.number ? `${each.number} ` : ''}${each.name}`
    test(unsupported ? `${title}: refused, as it is declared unsupported` : title, async () => {
      const bench = benchOf(issuer)
      const certificate = await bench.settled(each.name)
      if (unsupported) assertUnsupported(certificate, unsupported, await bench.secretIfAny(each.name))
      else await judge(bench, each)
    })
  }

  test('only cases are declared unsupported', () => {
    const unknown = Object.keys(issuer.unsupported).filter((name) => !cases.some((each) => each.name === name))
    assert.deepEqual(unknown, [])
  })
}

async function judge(bench: Bench, { name, shows = {} }: CertificateCase): Promise<void> {
  const { read } = await bench.conforming(name, 1)
  assert.deepEqual({ ...read, ...shows }, read)
}

describe('conformance', { concurrency: 3 }, () => {
  for (const issuer of issuers) {
    describe(issuer.title, () => {
      describe('a certificate', { concurrency: 4 }, () => tableOf(issuer))
      describe('over time', { concurrency: 8 }, () => {
        for (const [title, run] of Object.entries(behaviours)) test(title, () => run(benchOf(issuer)))
      })
    })
  }
})

test('no line of a key stands in the log', () => {
  const said = JSON.stringify(operator.logs) + operator.errors()
  const secrets = [...benches.values()].flatMap(({ judged }) => judged)
  assert.ok(secrets.length >= issuers.length * (cases.length - 2))
  for (const secret of secrets) {
    for (const line of keyLines(createPrivateKey(textOf(secret, 'tls.key')))) assert.ok(!said.includes(line))
  }
})
