import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type ControlPlane, kubectl, startControlPlane } from '#test/servers'
import { InstalledOperator } from './installed-operator.ts'
import { eventually, Person } from './people.ts'

const annotation = 'sifaka.dev/requested-by'
let plane: ControlPlane
let operator: InstalledOperator
/** Somebody who may do anything with objects of these namespaces, as far as RBAC goes. */
let alice: Person
let bob: Person

before(async () => {
  plane = await startControlPlane()
  for (const namespace of ['team', 'platform', 'doomed']) await run('default', 'create', 'namespace', namespace)
  const caSecrets = { groups: ['pki-admins'], users: ['velero'] }
  operator = await InstalledOperator.install(plane, { admissionPolicies: { enabled: true, caSecrets } })
  alice = await (await new Person(plane, 'alice').gets('edit', 'team')).gets('edit', 'platform')
  bob = await new Person(plane, 'bob').gets('edit', 'team')
  await eventually(() => alice.may('team', 'create', 'certificates.sifaka.dev'))
  await createSecret('canary', 'ca')
  const isHeld = () => says(alice.run('platform', ['delete', 'secret', 'canary', '--dry-run=server']), held)
  const far = JSON.stringify(certificate('canary', platform))
  await eventually(isHeld)
  await eventually(() => says(bob.run('team', dryRun, far), refused))
  await eventually(() => says(alice.run('team', dryRun, far), new RegExp(annotation)))
})

after(async () => {
  await operator?.remove()
  await plane?.stop()
})

const dryRun = ['create', '--dry-run=server', '-o', 'yaml', '-f', '-']

const run = (namespace: string, ...args: readonly string[]): Promise<string> =>
  kubectl(plane.kubeconfig, ['--namespace', namespace, ...args])

const platform = { name: 'ca', namespace: 'platform' }
const refused = /may not use Authority platform\/ca: bind ClusterRole sifaka-use-authorities in namespace platform/
const held = /holds the key of a CA: nobody but the operator changes or deletes it/

/** Whether what is said, be it an error, is like that. */
const says = async (attempt: Promise<string>, words: RegExp): Promise<boolean> =>
  words.test(await attempt.catch((error: Error) => error.message))

const certificate = (name: string, authorityRef: object = { name: 'ca' }, spec: object = {}) => ({
  apiVersion: 'sifaka.dev/v1alpha1',
  kind: 'Certificate',
  metadata: { name },
  spec: { authorityRef, dnsNames: ['www.example.com'], ...spec },
})

const authority = (name: string, internal: object) => ({
  apiVersion: 'sifaka.dev/v1alpha1',
  kind: 'Authority',
  metadata: { name },
  spec: { internal },
})

async function createSecret(name: string, content: string, namespace = 'platform'): Promise<void> {
  const metadata = { name, namespace, labels: { 'sifaka.dev/secret': content } }
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata, data: { 'tls.key': 'AA==' } }
  await kubectl(plane.kubeconfig, ['create', '-f', '-'], JSON.stringify(secret))
}

suite('who asked for a Certificate', () => {
  const requestedBy = (name: string): Promise<string> =>
    run(
      'team',
      'get',
      `certificates.sifaka.dev/${name}`,
      '-o',
      'jsonpath={.metadata.annotations.sifaka\\.dev/requested-by}',
    )
  const patch = (who: Person, name: string, change: object): Promise<string> =>
    who.run('team', ['patch', `certificates.sifaka.dev/${name}`, '--type=merge', '-p', JSON.stringify(change)])

  test('is written into its annotation, and changes with whoever changes the spec', async () => {
    await alice.apply('team', certificate('one'))
    assert.equal(await requestedBy('one'), alice.name)
    await patch(bob, 'one', { spec: { dnsNames: ['other.example.com'] } })
    assert.equal(await requestedBy('one'), bob.name)
  })

  test('cannot be claimed, changed or removed', async () => {
    const lie = { [annotation]: 'somebody-else' }
    await alice.apply('team', { ...certificate('two'), metadata: { name: 'two', annotations: lie } })
    assert.equal(await requestedBy('two'), alice.name)
    await patch(bob, 'two', { metadata: { annotations: lie } })
    assert.equal(await requestedBy('two'), alice.name)
    await patch(bob, 'two', { metadata: { annotations: { [annotation]: null } } })
    assert.equal(await requestedBy('two'), alice.name)
  })

  test('is not whoever touches it for another reason', async () => {
    await alice.apply('team', certificate('three'))
    await patch(bob, 'three', { metadata: { labels: { colour: 'red' }, finalizers: ['example.com/wait'] } })
    assert.equal(await requestedBy('three'), alice.name)
    await patch(bob, 'three', { metadata: { finalizers: null } })
  })
})

suite('the verb use', () => {
  test('is needed to name an Authority of another namespace, and edit has it in its own', async () => {
    await assert.rejects(bob.apply('team', certificate('far', platform)), { message: refused })
    await bob.apply('team', certificate('near'))
    await alice.apply('team', certificate('far', platform))
  })

  test('is given by a role in the namespace of the Authority', async () => {
    const carol = await (await new Person(plane, 'carol').gets('edit', 'team')).gets(
      'sifaka-use-authorities',
      'platform',
    )
    await eventually(() => says(carol.apply('team', certificate('carols', platform)), /created/))
  })

  test('is needed for any change of what is asked for, and for nothing else', async () => {
    await alice.apply('team', certificate('shared', platform))
    const names = ['patch', 'certificates.sifaka.dev/shared', '--type=merge', '-p', '{"spec":{"dnsNames":["a.b.com"]}}']
    await assert.rejects(bob.run('team', names), { message: refused })
    await bob.run('team', ['label', 'certificates.sifaka.dev/shared', 'colour=red'])
    await bob.run('team', ['delete', 'certificates.sifaka.dev/shared'])
  })

  test('is needed for the parent of an Authority too', async () => {
    const dave = await (await new Person(plane, 'dave').gets('edit', 'team')).gets('sifaka-authorities', 'team')
    await eventually(() => dave.may('team', 'create', 'authorities.sifaka.dev'))
    await assert.rejects(dave.apply('team', authority('below', { parentRef: platform })), { message: refused })
    await dave.apply('team', authority('own', {}))
    await dave.apply('team', authority('below', { parentRef: { name: 'own' } }))
  })

  test('is not asked of one that names none', async () => {
    await bob.apply('team', { ...certificate('default'), spec: { dnsNames: ['www.example.com'] } })
  })
})

suite('Secrets with keys of CAs', () => {
  const unlabel = '{"metadata":{"labels":{"sifaka.dev/secret":null}}}'

  for (const content of ['ca', 'ca-request']) {
    const name = `held-${content}`
    const attempts: readonly (readonly [what: string, args: readonly string[]])[] = [
      ['deletes', ['delete', 'secret', name]],
      ['changes', ['patch', 'secret', name, '--type=merge', '-p', '{"data":{"tls.key":"AAAA"}}']],
      ['takes the label off', ['patch', 'secret', name, '--type=merge', '-p', unlabel]],
      ['deletes all', ['delete', 'secrets', '--all']],
    ]
    test(`${content}: nobody with edit ${attempts.map(([what]) => what).join(', ')}`, async () => {
      await createSecret(name, content)
      for (const [what, args] of attempts) {
        await assert.rejects(alice.run('platform', args), { message: held }, what)
      }
      await run('platform', 'get', 'secret', name)
    })
  }

  test('others can be deleted', async () => {
    await createSecret('leaf', 'certificate')
    await alice.run('platform', ['delete', 'secret', 'leaf'])
  })

  const permitted: readonly (readonly [who: string, as: () => readonly string[]])[] = [
    ['the operator', () => ['--as', operator.user]],
    ['a member of a group that may', () => ['--as', 'erin', '--as-group', 'pki-admins']],
    ['a user who may', () => ['--as', 'velero']],
  ]
  for (const [at, [who, as]] of permitted.entries()) {
    test(`${who} is not kept from it`, async () => {
      await createSecret(`permitted-${at}`, 'ca')
      // What RBAC says is not the question here.
      const verdict = run('platform', ...as(), 'delete', 'secret', `permitted-${at}`)
      assert.equal(await says(verdict, held), false)
    })
  }

  test('system:masters may only while values say so', async () => {
    await createSecret('masters', 'ca')
    await assert.rejects(run('platform', 'delete', 'secret', 'masters'), { message: held })
  })

  test('they go with their namespace', async () => {
    await createSecret('last', 'ca', 'doomed')
    await run('default', 'delete', 'namespace', 'doomed', '--timeout=60s')
  })
})
