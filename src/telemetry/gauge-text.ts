/** One value of a gauge. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A gauge with one series per object, read from a cache when it is asked for: no series outlives its object. */
export interface ObjectGauge {
  readonly name: string
  readonly help: string
  readonly samples: () => Iterable<Sample>
}

/** The gauge in Prometheus' text format. */
export function gaugeText({ name, help, samples }: ObjectGauge): string {
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`]
  for (const { labels, value } of samples()) {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`)
    lines.push(`${name}{${pairs.join(',')}} ${value}`)
  }
  return `${lines.join('\n')}\n`
}

const escapeLabel = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
