import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { Command } from 'commander'
import { type AuthoritySpec, apiVersion, type CertificateSpec } from '#api'
import { day, toRfc3339 } from '#base'
import type { PolicyFinding } from '#plan'
import { type ControlPlane, controlPlane, installCrds, kubectl } from '#test/servers'
import { addPolicyCommands } from './policy.ts'

const namespace = `policy-${randomUUID().slice(0, 8)}`
const folder = mkdtempSync(join(tmpdir(), 'sifaka-policy-'))
let plane: ControlPlane

const authority = (spec: Partial<AuthoritySpec>) => ({
  apiVersion,
  kind: 'Authority',
  metadata: { name: 'ca', namespace },
  spec: { internal: {}, default: true, ...spec },
})

const certificate = (name: string, spec: CertificateSpec) => ({
  apiVersion,
  kind: 'Certificate',
  metadata: { name, namespace },
  spec,
})

const rule = (...dns: string[]) => ({ names: { dns } })

before(async () => {
  plane = await controlPlane()
  await installCrds(plane.kubeconfig)
  const items = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    authority({ policy: { rules: [rule('**')], auditRules: [rule('*.example.com')] } }),
    certificate('web', { authorityRef: { name: 'ca' }, dnsNames: ['www.example.com'] }),
    certificate('other', { dnsNames: ['www.example.org', 'a.example.org'] }),
  ]
  await kubectl(plane.kubeconfig, ['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
})

after(async () => {
  await kubectl(plane.kubeconfig, ['delete', 'namespace', namespace, '--wait=false'])
  await plane.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { code: 0, out: '', err: '' }
  const program = new Command()
  addPolicyCommands(program, {
    version: 'test',
    env: {},
    print(text) {
      said.out += text
    },
    tell(text) {
      said.err += text
    },
    exitWith(code) {
      said.code = code
    },
  })
  await program.parseAsync(['policy', ...args, '--kubeconfig', plane.kubeconfig], { from: 'user' })
  return said
}

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const fileOf = (spec: Partial<AuthoritySpec>): string =>
  file(
    'ca.yaml',
    `# the new rules\n---\n${JSON.stringify({ kind: 'ConfigMap' })}\n---\n${JSON.stringify(authority(spec))}\n`,
  )

suite('sifaka policy check', () => {
  test('ends with 0 when nothing would be denied', async () => {
    const said = await run('check', '-f', fileOf({ policy: { rules: [rule('**')] } }))
    assert.deepEqual(said, { code: 0, out: '', err: 'No Certificate would be denied.\n' })
  })

  test('ends with 1, and lists every reason of each Certificate', async () => {
    const { code, out } = await run('check', '-f', fileOf({ policy: { rules: [rule('*.example.com')] } }))
    const lines = out.split('\n')
    assert.equal(code, 1)
    assert.match(lines[0] ?? '', /^AUTHORITY +CERTIFICATE +DENIED BY +REASON$/)
    assert.match(
      lines[1] ?? '',
      new RegExp(`^${namespace}/ca +${namespace}/other +rules +DNS name a.example.org is not`),
    )
    assert.match(lines[2] ?? '', /DNS name www.example.org is not permitted/)
    assert.equal(lines.length, 4)
  })

  test('takes several files, also for an Authority that is not there yet', async () => {
    const broken = file('a.yaml', JSON.stringify({ ...authority({}), metadata: { name: 'new', namespace } }))
    const { code } = await run('check', '-f', broken, '-f', fileOf({ policy: { rules: [rule('*.example.com')] } }))
    assert.equal(code, 1)
  })

  test('warns of rules that can never match', async () => {
    const { err } = await run(
      'check',
      '-f',
      fileOf({ policy: { rules: [rule('**'), { ...rule('**'), namespaces: ['x'] }] } }),
    )
    assert.match(err, new RegExp(`^warning: Authority ${namespace}/ca: rules\\[1\\] can never match`))
  })

  const unusable: readonly (readonly [name: string, text: string, message: RegExp])[] = [
    ['no Authority', 'kind: ConfigMap', /has no Authority of sifaka.dev\/v1alpha1 in it/],
    ['no YAML', 'a: [', /is no YAML/],
    ['no name', JSON.stringify({ ...authority({}), metadata: {} }), /without a name/],
    ['a wrong value', JSON.stringify(authority({ policy: { rules: [] } })), /Authority ca: spec.policy.rules: /],
    [
      'a field that is misspelt',
      JSON.stringify(authority({ policy: { rules: [{ ...rule('**'), maxDuraton: '1h' } as object] } })),
      /has the field spec.policy.rules\[0\].maxDuraton, which there is not/,
    ],
    ['a bomb', `a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [${'*a,'.repeat(50)}]\nc: [${'*b,'.repeat(50)}]`, /no usable YAML/],
  ]
  for (const [name, text, message] of unusable) {
    test(`cannot use a file with ${name}`, async () => {
      await assert.rejects(run('check', '-f', file('bad.yaml', text)), { kind: 'Terminal', message })
    })
  }

  test('cannot use a file that is not there', async () => {
    await assert.rejects(run('check', '-f', join(folder, 'none.yaml')), { kind: 'Terminal', message: /cannot read/ })
  })
})

test('what has a fixed end is judged by what is left of it', async () => {
  const notAfter = toRfc3339(Date.now() + 40 * day)
  const fixed = certificate('fixed', { authorityRef: { name: 'ca' }, dnsNames: ['www.example.com'], notAfter })
  await kubectl(plane.kubeconfig, ['apply', '-f', '-'], JSON.stringify(fixed))
  const rules = fileOf({ policy: { rules: [{ ...rule('**'), maxDuration: '720h' }] } })
  const deniedAt = async (...at: string[]) => {
    const { out } = await run('check', '-f', rules, ...at, '-o', 'json')
    return (JSON.parse(out) as PolicyFinding[]).map((each) => each.certificate).filter((key) => key.endsWith('/fixed'))
  }
  assert.deepEqual(await deniedAt(), [`${namespace}/fixed`])
  assert.deepEqual(await deniedAt('--at', '30d'), [])
  await kubectl(plane.kubeconfig, ['delete', 'certificates.sifaka.dev', 'fixed', '-n', namespace])
})

suite('sifaka policy audit', () => {
  const trial = [`${namespace}/other`, 0, 2] as const
  for (const [where, expected] of [
    [['--namespace', namespace], [trial]],
    [['--all-namespaces'], [trial]],
    [['--namespace', 'default'], []],
  ] as const) {
    test(`tells of the rules on trial that are in the cluster ${where.join(' ')}`, async () => {
      const { code, out } = await run('audit', ...where, '--output', 'json')
      const found = (JSON.parse(out) as PolicyFinding[]).filter((each) => each.authority === `${namespace}/ca`)
      assert.equal(code, out === '[]\n' ? 0 : 1)
      assert.deepEqual(
        found.map((each) => [each.certificate, each.denials.length, each.violations.length]),
        expected,
      )
    })
  }

  test('says when there is no Authority to judge by', async () => {
    const said = await run('audit', '-n', 'no-such-namespace')
    assert.deepEqual(said, { code: 0, out: '', err: 'No Authorities found in namespace no-such-namespace.\n' })
  })
})
