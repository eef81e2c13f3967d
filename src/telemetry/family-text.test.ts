import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { type Family, familyText, type Sample } from './family-text.ts'
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

const gauge = (...samples: Sample[]): Family => ({
  name: 'sifaka_test',
  help: 'A test.',
  type: 'gauge',
  samples: () => samples,
})

const textOf = (family: Family): string => [...familyText(family)].join('')

suite('a metric in text', () => {
  test('has its help, its type and its samples', () => {
    const samples = [
      { labels: { namespace: 'shop', name: 'web' }, value: 1.5 },
      { labels: { name: 'api' }, value: -2 },
    ]
    assert.equal(
      textOf({ ...gauge(...samples), type: 'counter' }),
      [
        '# HELP sifaka_test A test.',
        '# TYPE sifaka_test counter',
        'sifaka_test{namespace="shop",name="web"} 1.5',
        'sifaka_test{name="api"} -2',
        '',
      ].join('\n'),
    )
  })

  test('without samples is only announced', () => {
    assert.deepEqual(parse(textOf(gauge())), [])
  })

  test('comes in pieces that are whole together', () => {
    const samples = Array.from({ length: 5000 }, (_, value) => ({ labels: {}, value }))
    const pieces = [...familyText(gauge(...samples))]
    assert.ok(pieces.length > 2 && pieces.every((piece) => piece.endsWith('\n')))
    assert.deepEqual(
      parse(pieces.join('')).map(({ value }) => value),
      samples.map(({ value }) => value),
    )
  })

  test('is read back as it was, whatever is in its labels', () => {
    const labels = fc.dictionary(fc.constantFrom('a', 'b_c'), fc.string({ unit: 'binary' }), { noNullPrototype: true })
    const value = fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => each + 0)
    fc.assert(
      fc.property(fc.array(fc.record({ labels, value })), (samples) => {
        const read = parse(textOf(gauge(...samples)))
        assert.deepEqual(
          read,
          samples.map((sample) => ({ name: 'sifaka_test', ...sample })),
        )
      }),
    )
  })
})

suite('all metrics', () => {
  test('are one text, as they are when it is asked for', async () => {
    const metrics = createMetrics('1.2.3')
    const queue = { depth: 3 }
    metrics.reconciles.inc({ controller: 'certificate', result: 'done' })
    metrics.addFamily({
      ...{ name: 'sifaka_queue_depth', help: 'Keys that wait.', type: 'gauge' },
      samples: () => [{ labels: { controller: 'certificate' }, value: queue.depth }],
    })
    metrics.addFamily(gauge({ labels: { name: 'a"\n\\' }, value: 5 }))
    queue.depth = 4
    const samples = parse(String(await metrics.text()))
    const values = (name: string) =>
      samples.filter((each) => each.name === name).map(({ labels, value }) => [labels, value])
    assert.deepEqual(values('sifaka_build_info'), [[{ version: '1.2.3' }, 1]])
    assert.deepEqual(values('sifaka_reconciles_total'), [[{ controller: 'certificate', result: 'done' }, 1]])
    assert.deepEqual(values('sifaka_queue_depth'), [[{ controller: 'certificate' }, 4]])
    assert.deepEqual(values('sifaka_test'), [[{ name: 'a"\n\\' }, 5]])
    for (const name of ['process_resident_memory_bytes', 'process_cpu_seconds_total', 'nodejs_heap_size_used_bytes']) {
      assert.ok(Number(values(name)[0]?.[1]) > 0, name)
    }
  })

  test('let the event loop have its turns in between', async () => {
    const metrics = createMetrics('1')
    metrics.addFamily(gauge(...Array.from({ length: 10_000 }, (_, value) => ({ labels: {}, value }))))
    const ended: string[] = []
    const turn = new Promise((resolve) => setImmediate(resolve)).then(() => ended.push('another'))
    await Promise.all([metrics.text().then(() => ended.push('the text')), turn])
    assert.deepEqual(ended, ['another', 'the text'])
  })

  test('of two operators in one process are their own', async () => {
    const [one, other] = [createMetrics('1'), createMetrics('1')]
    one.bugs.inc({ controller: 'certificate' })
    assert.match(String(await one.text()), /^sifaka_bugs_total\{/m)
    assert.doesNotMatch(String(await other.text()), /^sifaka_bugs_total\{/m)
  })
})
