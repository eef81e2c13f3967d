/** One value of a metric. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A metric whose values are read, from a cache as a rule, when somebody asks: no series outlives its object. */
export interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'gauge' | 'counter'
  readonly samples: () => Iterable<Sample>
}

/** Samples in one piece of text: some milliseconds of work. */
const samplesPerPiece = 1000

/** The metric in Prometheus' text format 0.0.4, in pieces of which each takes little time. */
export function* familyText({ name, help, type, samples }: Family): Generator<string> {
  let piece = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
  let count = 0
  for (const { labels, value } of samples()) {
    piece += sampleLine(name, labels, value)
    if (++count % samplesPerPiece > 0) continue
    yield piece
    piece = ''
  }
  if (piece !== '') yield piece
}

function sampleLine(name: string, labels: Readonly<Record<string, string>>, value: number): string {
  let pairs = ''
  for (const label in labels) pairs += `${pairs && ','}${label}="${escapeLabel(labels[label] ?? '')}"`
  return `${name}${pairs && `{${pairs}}`} ${value}\n`
}

const special = /[\\\n"]/

const escapeLabel = (text: string): string =>
  special.test(text) ? text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"') : text
