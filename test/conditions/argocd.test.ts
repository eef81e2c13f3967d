import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { parse, stringify } from 'yaml'
import { group, kinds } from '#api'
import { certificateSituations } from './certificate-situations.ts'
import { verdictsOn } from './verdicts.ts'

const root = new URL('../..', import.meta.url).pathname
const component = join(root, 'config/argocd')
const script = readFileSync(join(component, 'health.lua'), 'utf8')
const keys = kinds.map(({ kind }) => `resource.customizations.health.${group}_${kind}`)

suite('the health script', () => {
  test('gets into the ConfigMap of Argo CD for each kind, and leaves what is there', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sifaka-argocd-'))
    t.after(() => rmSync(folder, { recursive: true }))
    cpSync(component, join(folder, 'sifaka-health'), { recursive: true })
    const url = 'https://argocd.example.com'
    const settings = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'argocd-cm' }, data: { url } }
    writeFileSync(join(folder, 'argocd-cm.yaml'), stringify(settings))
    const kustomization = { namespace: 'argocd', resources: ['argocd-cm.yaml'], components: ['sifaka-health'] }
    writeFileSync(join(folder, 'kustomization.yaml'), stringify(kustomization))
    const built = execFileSync(join(root, 'bin/controlplane'), ['kubectl', 'kustomize', folder], { encoding: 'utf8' })
    const { metadata, data } = parse(built)
    assert.deepEqual(metadata, { name: 'argocd-cm', namespace: 'argocd' })
    assert.deepEqual(data, { url, ...Object.fromEntries(keys.map((key) => [key, script])) })
  })

  test('is named for each kind in what is put there by hand', () => {
    const page = readFileSync(join(component, 'README.md'), 'utf8')
    assert.deepEqual(
      keys.filter((key) => !page.includes(`"${key}"`)),
      [],
    )
  })

  test('shows what a person may want to know although all is well, and the cause where it is not', () => {
    const situations = ['renewal due, the last attempt failed', 'new or changed, policy denies it']
    const messages = verdictsOn(situations.map((name) => certificateSituations[name]?.() ?? {})).map(
      ({ argoCD }) => argoCD.message,
    )
    assert.match(messages[0] ?? '', /^Issuing \(TimedOut\): the authority did not answer/)
    assert.match(messages[1] ?? '', /^PolicyDenied: the policy of Authority shop\/ca denies/)
  })
})
