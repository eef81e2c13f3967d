import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'
import { promtool } from './promtool.ts'

const alerts = new URL('../../charts/sifaka/files/alerts.yaml', import.meta.url).pathname
const cases = new URL('alerts.test.yaml', import.meta.url).pathname
const documentation = new URL('../../docs/metrics.md', import.meta.url)

interface Rule {
  readonly alert: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

const { groups }: { groups: readonly { rules: readonly Rule[] }[] } = parse(readFileSync(alerts, 'utf8'))
const rules = groups.flatMap((group) => group.rules)

test('promtool has nothing to say about the alerts', () => {
  const { status, said } = promtool(['check', 'rules', '--lint=all', '--lint-fatal', alerts])
  assert.equal(status, 0, said)
  assert.match(said, new RegExp(`SUCCESS: ${rules.length} rules found$`))
})

test('the alerts fire when they should, and only then', () => {
  const { status, said } = promtool(['test', 'rules', cases])
  assert.equal(status, 0, said)
})

test('each alert is in a case', () => {
  const text = readFileSync(cases, 'utf8')
  assert.deepEqual(
    rules.filter(({ alert }) => !text.includes(alert)),
    [],
  )
})

test('each alert says how bad it is, what happened, and where to read what to do', () => {
  const headings = readFileSync(documentation, 'utf8').matchAll(/^#+ (.*)$/gm)
  const anchors = new Set([...headings].map(([, title = '']) => `docs/metrics.md#${title.toLowerCase()}`))
  for (const { alert, labels, annotations } of rules) {
    assert.match(labels.severity ?? '', /^(critical|warning|info)$/, alert)
    assert.deepEqual(Object.keys(annotations), ['summary', 'description', 'runbook'], alert)
    assert.ok(anchors.has(annotations.runbook ?? ''), `${alert}: there is no ${annotations.runbook}`)
  }
})
