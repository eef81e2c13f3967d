import assert from 'node:assert/strict'

/** A metric of a scrape. */
export interface Family {
  readonly type: string
  /** Of all its samples together; without `le`. */
  readonly labels: ReadonlySet<string>
  readonly samples: number
}

const typeLine = /^# TYPE (\S+) (\S+)$/
const sampleLine = /^([a-z_]+?)(?:_bucket|_sum|_count)?(?:\{(.*)\})? \S+$/

/** What a text in Prometheus' format tells, by name. The suffixes of a histogram's series belong to no name. */
export function familiesOf(text: string): ReadonlyMap<string, Family> {
  const families = new Map<string, { type: string; labels: Set<string>; samples: number }>()
  for (const line of text.split('\n')) {
    const [, announced, type] = typeLine.exec(line) ?? []
    if (announced && type) families.set(announced, { type, labels: new Set(), samples: 0 })
    if (line === '' || line.startsWith('#')) continue
    const [, name = '', pairs = ''] = sampleLine.exec(line) ?? assert.fail(`not a sample: ${line}`)
    const family = families.get(name) ?? assert.fail(`not announced: ${line}`)
    family.samples += 1
    for (const [, label = ''] of pairs.matchAll(/([a-z_]+)="/g)) if (label !== 'le') family.labels.add(label)
  }
  return families
}

/** The names of our own and the process's metrics in any text, such as PromQL. */
export function metricsNamedIn(text: string): string[] {
  const names = [...text.matchAll(/\b(?:sifaka|process|nodejs)_[a-z_]+\b/g)].map(([name]) => name)
  return [...new Set(names.map((name) => name.replace(/_(bucket|sum|count)$/, '')))].sort()
}
