import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { type ControlPlane, kubectl, startControlPlane } from '#test/servers'
import { InstalledOperator, kubeconfigOf } from './installed-operator.ts'
import { eventually, Person } from './people.ts'

const namespace = 'team'
let plane: ControlPlane
let operator: InstalledOperator

before(async () => {
  plane = await startControlPlane()
  await kubectl(plane.kubeconfig, ['create', 'namespace', namespace])
  operator = await InstalledOperator.install(plane)
  const editor = await new Person(plane, 'first').gets('edit', namespace)
  await eventually(() => editor.may(namespace, 'create', 'certificates.sifaka.dev'))
})

after(async () => {
  await operator?.remove()
  await plane?.stop()
})

const rights = [
  'get certificates.sifaka.dev',
  'create certificates.sifaka.dev',
  'deletecollection certificates.sifaka.dev',
  'list authorities.sifaka.dev',
  'create authorities.sifaka.dev',
  'use authorities.sifaka.dev',
  'list configmaps',
  'list events.events.k8s.io',
  'get secrets',
] as const

/** What each role may: a letter for each of `rights`, in their order; a dot for what it may not. */
const table: readonly (readonly [role: string, may: string])[] = [
  ['view', 'g..l..cv.'],
  ['edit', 'gcdl.ucvs'],
  ['admin', 'gcdl.ucvs'],
  ['sifaka-view', 'g..l.....'],
  ['sifaka-edit', '.cd..u...'],
  ['sifaka-authorities', '...lau...'],
  ['sifaka-use-authorities', '.....u...'],
  ['sifaka-auditor', 'g..l..cv.'],
]

suite('roles for people', () => {
  for (const [role, wanted] of table) {
    test(role, async () => {
      const person = await new Person(plane, 'user').gets(role, namespace)
      const may = await Promise.all(
        rights.map(async (right, at) => {
          const [verb = '', resource = ''] = right.split(' ')
          const letter = wanted[at] ?? '?'
          return (await person.may(namespace, verb, resource)) === (letter !== '.') ? letter : `(not so: ${right})`
        }),
      )
      assert.equal(may.join(''), wanted)
    })
  }

  test('kinds that are still to come are for admin, and not for edit', async () => {
    const rules = async (role: string): Promise<string> =>
      kubectl(plane.kubeconfig, ['get', 'clusterrole', role, '-o', 'json'])
    await eventually(async () => (await rules('admin')).includes('"destinations"'))
    const writing = (text: string): string[] =>
      JSON.parse(text).rules.flatMap(({ resources = [], verbs }: { resources?: string[]; verbs: string[] }) =>
        verbs.includes('create') ? resources.filter((each) => /^(destinations|notificationpolicies)$/.test(each)) : [],
      )
    assert.deepEqual(writing(await rules('admin')).sort(), ['destinations', 'notificationpolicies'])
    assert.deepEqual(writing(await rules('edit')), [])
  })

  test("an auditor's rights are enough to search the register and to judge policies", async () => {
    await kubectl(plane.kubeconfig, ['create', 'serviceaccount', 'auditor', '--namespace', namespace])
    const subject = ['--clusterrole', 'sifaka-auditor', '--serviceaccount', `${namespace}:auditor`]
    await kubectl(plane.kubeconfig, ['create', 'clusterrolebinding', 'auditor', ...subject])
    const token = await kubectl(plane.kubeconfig, ['create', 'token', 'auditor', '--namespace', namespace])
    const folder = mkdtempSync(join(tmpdir(), 'sifaka-auditor-'))
    const kubeconfig = join(folder, 'kubeconfig')
    writeFileSync(kubeconfig, kubeconfigOf(plane, token.trim()))
    const sifaka = new URL('../../bin/sifaka', import.meta.url).pathname
    const run = promisify(execFile)
    const list = ['certificates', 'list', '--all-namespaces', '--output', 'csv', '--kubeconfig', kubeconfig]
    assert.match((await run(sifaka, list)).stdout, /^HOLDER,SERIAL/)
    const audit = ['policy', 'audit', '--all-namespaces', '--kubeconfig', kubeconfig]
    assert.match((await run(sifaka, audit)).stderr, /^No Authorities found in any namespace|^No Certificate would/m)
    rmSync(folder, { recursive: true })
  })
})
