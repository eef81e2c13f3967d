import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { gaugeText, type Sample } from './gauge-text.ts'
import { createMetrics } from './metrics.ts'

const sampleLine = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([^ ]+)$/s
const labelPair = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(?:,|$)/gy

const unescaped = (text: string): string => text.replace(/\\(["\\n])/g, (_, c) => (c === 'n' ? '\n' : c))

/**
 * The samples of a text in Prometheus' exposition format 0.0.4.
 * @throws AssertionError at a line that is not in the format
 */
function parse(text: string): (Sample & { readonly name: string })[] {
  assert.ok(text.endsWith('\n'))
  const lines = text.slice(0, -1).split('\n')
  return lines
    .filter((line) => line !== '' && !/^# (HELP|TYPE) [a-zA-Z_:]/.test(line))
    .map((line) => {
      const [, name = '', pairs = '', value] = sampleLine.exec(line) ?? assert.fail(`not a sample: ${line}`)
      const found = [...pairs.matchAll(labelPair)]
      assert.equal(found.map(([whole]) => whole).join(''), pairs)
      const labels = Object.fromEntries(found.map(([, label = '', said = '']) => [label, unescaped(said)]))
      return { name, labels, value: Number(value) }
    })
}

const gauge = (...samples: Sample[]) => ({ name: 'sifaka_test', help: 'A test.', samples: () => samples })

suite('a gauge in text', () => {
  test('has its help, its type and its samples', () => {
    assert.equal(
      gaugeText(
        gauge({ labels: { namespace: 'shop', name: 'web' }, value: 1.5 }, { labels: { name: 'api' }, value: -2 }),
      ),
      [
        '# HELP sifaka_test A test.',
        '# TYPE sifaka_test gauge',
        'sifaka_test{namespace="shop",name="web"} 1.5',
        'sifaka_test{name="api"} -2',
        '',
      ].join('\n'),
    )
  })

  test('without samples is only announced', () => {
    assert.deepEqual(parse(gaugeText(gauge())), [])
  })

  test('is read back as it was, whatever is in its labels', () => {
    const labels = fc.dictionary(fc.constantFrom('a', 'b_c'), fc.string({ unit: 'binary' }), { noNullPrototype: true })
    const value = fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => each + 0)
    fc.assert(
      fc.property(fc.array(fc.record({ labels, value })), (samples) => {
        const read = parse(gaugeText(gauge(...samples)))
        assert.deepEqual(
          read,
          samples.map((sample) => ({ name: 'sifaka_test', ...sample })),
        )
      }),
    )
  })
})

suite('all metrics', () => {
  test('are one text', async () => {
    const metrics = createMetrics('1.2.3')
    let depth = 3
    metrics.reconciles.inc({ controller: 'certificate', result: 'done' })
    metrics.addGauge('sifaka_queue_depth', 'Keys that wait.', { controller: 'certificate' }, () => depth)
    metrics.addGauge('sifaka_queue_depth', 'Keys that wait.', { controller: 'authority' }, () => 7)
    metrics.addGauge('sifaka_active', 'Whether it works.', {}, () => 1)
    metrics.addObjectGauge(gauge({ labels: { name: 'a"\n\\' }, value: 5 }))
    depth = 4
    const samples = parse(await metrics.text())
    const values = (name: string) =>
      samples.filter((each) => each.name === name).map(({ labels, value }) => [labels, value])
    assert.deepEqual(values('sifaka_build_info'), [[{ version: '1.2.3' }, 1]])
    assert.deepEqual(values('sifaka_reconciles_total'), [[{ controller: 'certificate', result: 'done' }, 1]])
    assert.deepEqual(values('sifaka_queue_depth'), [
      [{ controller: 'certificate' }, 4],
      [{ controller: 'authority' }, 7],
    ])
    assert.deepEqual(values('sifaka_active'), [[{}, 1]])
    assert.deepEqual(values('sifaka_test'), [[{ name: 'a"\n\\' }, 5]])
    assert.ok(values('process_resident_memory_bytes').length === 1)
  })

  test('of two operators in one process are their own', async () => {
    const [one, other] = [createMetrics('1'), createMetrics('1')]
    one.issuances.inc({ authority_type: 'internal', result: 'issued' })
    assert.doesNotMatch(await other.text(), /^sifaka_issuances_total\{/m)
  })
})
