import type { Chance } from '#test/make'
import { deepDer, mutateDer } from './der-tree.ts'

/** What kind of text or octets a parser takes: says how a specimen is changed. */
export type Form = 'der' | 'pem' | 'octets' | 'text' | 'json'

/** Where mutations come from. */
export interface Stock {
  readonly form: Form
  /** What the parser accepts, or has found new ways to refuse. */
  readonly specimens: readonly Buffer[]
  /** Words of the parser's language. */
  readonly words: readonly string[]
}

/** Longer inputs are made, but rarely: they are what a bound on the size is for. */
const usualMax = 64 * 1024
const largestMax = 1024 * 1024

/** An input that is like a specimen, and in most cases not quite one. */
export function mutate(stock: Stock, chance: Chance): Buffer {
  const specimen = chance.pick(stock.specimens)
  const max = chance.happens(0.002) ? largestMax : usualMax
  const donor = chance.pick(stock.specimens)
  return byForm[stock.form](specimen, donor, chance, stock.words).subarray(0, max)
}

type Mutation = (specimen: Buffer, donor: Buffer, chance: Chance, words: readonly string[]) => Buffer

const byForm: Readonly<Record<Form, Mutation>> = {
  octets: mutateOctets,
  text: mutateText,
  der(specimen, donor, chance) {
    if (chance.happens(0.005)) return deepDer(chance.pick([30, 200, 4000]))
    const changed = chance.happens(0.75) ? mutateDer(specimen, chance, donor) : undefined
    return changed ?? mutateOctets(specimen, donor, chance)
  },
  pem(specimen, donor, chance, words) {
    if (chance.happens(0.35)) return mutateText(specimen, donor, chance, words)
    return mutateBlock(specimen, donor, chance) ?? mutateText(specimen, donor, chance, words)
  },
  json(specimen, donor, chance, words) {
    if (chance.happens(0.25)) return mutateText(specimen, donor, chance, words)
    return mutateJson(specimen, chance, words) ?? mutateText(specimen, donor, chance, words)
  },
}

const numbers = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x0a, 0x30]

/** A few changes of octets, wherever they are. */
function mutateOctets(specimen: Buffer, donor: Buffer, chance: Chance): Buffer {
  let octets: Buffer = Buffer.from(specimen)
  for (let left = 1 + chance.below(4); left > 0; left--) octets = chance.pick(octetChanges)(octets, donor, chance)
  return octets
}

function range({ length }: Uint8Array, chance: Chance): [from: number, to: number] {
  const from = chance.below(length + 1)
  return [from, Math.min(length, from + 1 + chance.below(chance.pick([1, 4, 32, length + 1])))]
}

const octetChanges: readonly ((octets: Buffer, donor: Buffer, chance: Chance) => Buffer)[] = [
  (octets, _, chance) => {
    const at = chance.below(octets.length)
    if (octets.length > 0) octets[at] = (octets[at] ?? 0) ^ (1 << chance.below(8))
    return octets
  },
  (octets, _, chance) => {
    if (octets.length > 0) octets[chance.below(octets.length)] = chance.pick(numbers)
    return octets
  },
  (octets, _, chance) => octets.subarray(0, chance.below(octets.length + 1)),
  (octets, _, chance) => {
    const [from, to] = range(octets, chance)
    return Buffer.concat([octets.subarray(0, from), octets.subarray(to)])
  },
  (octets, _, chance) => {
    const [from, to] = range(octets, chance)
    return Buffer.concat([octets.subarray(0, to), octets.subarray(from)])
  },
  (octets, donor, chance) => {
    const [from, to] = range(donor, chance)
    const at = chance.below(octets.length + 1)
    return Buffer.concat([octets.subarray(0, at), donor.subarray(from, to), octets.subarray(at)])
  },
  (octets, _, chance) => {
    const [from, to] = range(octets, chance)
    const piece = octets.subarray(from, to)
    const times = Math.min(chance.pick([2, 100, 5000]), Math.ceil(usualMax / (piece.length + 1)))
    return Buffer.concat([octets.subarray(0, from), ...Array<Buffer>(times).fill(piece), octets.subarray(to)])
  },
  (octets, _, chance) => {
    const noise = Buffer.from(Array.from({ length: 1 + chance.below(8) }, () => chance.below(256)))
    const at = chance.below(octets.length + 1)
    return Buffer.concat([octets.subarray(0, at), noise, octets.subarray(at)])
  },
]

/** Characters and words that mean something to somebody. */
const anyWords: readonly string[] = [
  '',
  ' ',
  '\n',
  '\r\n',
  '\t',
  '\u0000',
  '\u001b[31m',
  '\u007f',
  '\u0085',
  '\u00a0',
  '\u202e',
  '\u2028',
  '\ufeff',
  '\u0301',
  '\uff0e',
  '\ufffd',
  'ß',
  'İ',
  '😀',
  '"',
  "'",
  '\\',
  '/',
  '..',
  '*',
  '**',
  '%00',
  '%2e%2e%2f',
  '&amp;',
  '{{x}}',
  '$(x)',
  '__proto__',
  'constructor',
  'toString',
  '-1',
  '0',
  '00',
  '1e400',
  '-0',
  '2147483648',
  '9007199254740993',
  '1'.repeat(400),
  'NaN',
  'null',
  'true',
  'a'.repeat(300),
]

const brackets = ['[', '{', '(', '<', '- ', '"', '\\', '((((', '!!']

/** A few changes of text, with words that are known to make trouble and words of the parser's language. */
function mutateText(specimen: Buffer, donor: Buffer, chance: Chance, words: readonly string[]): Buffer {
  if (chance.happens(0.15)) return mutateOctets(specimen, donor, chance)
  let text = specimen.toString()
  for (let left = 1 + chance.below(4); left > 0; left--) {
    const from = chance.below(text.length + 1)
    const to = Math.min(text.length, from + chance.below(chance.pick([2, 2, 12, text.length + 1])))
    text = text.slice(0, from) + newText(text.slice(from, to), donor.toString(), chance, words) + text.slice(to)
  }
  return Buffer.from(text)
}

/** What takes the place of a piece of text. */
function newText(piece: string, donor: string, chance: Chance, words: readonly string[]): string {
  const kind = chance.below(9)
  if (kind <= 1) return chance.pick(words.length > 0 ? words : anyWords)
  if (kind === 2) return piece + chance.pick(words.length > 0 ? words : anyWords)
  if (kind <= 4) return chance.pick(anyWords)
  if (kind === 5) return ''
  if (kind === 6) return piece.repeat(Math.min(chance.pick([2, 50, 3000]), Math.ceil(usualMax / (piece.length + 1))))
  if (kind === 7) return chance.pick(brackets).repeat(chance.pick([3, 200, 10_000]))
  const at = chance.below(donor.length + 1)
  return donor.slice(at, at + 1 + chance.below(60))
}

interface Block {
  readonly label: string
  readonly body: string
  readonly start: number
  readonly end: number
}

/** The first few blocks of a PEM text. */
function blocksIn(text: string): Block[] {
  const found: Block[] = []
  for (let at = text.indexOf('-----BEGIN '); at >= 0 && found.length < 8; at = text.indexOf('-----BEGIN ', at + 1)) {
    const labelEnd = text.indexOf('-----', at + 11)
    const label = text.slice(at + 11, labelEnd)
    const stop = label.length > 40 ? -1 : text.indexOf(`-----END ${label}-----`, labelEnd)
    if (stop < 0) continue
    found.push({ label, body: text.slice(labelEnd + 5, stop), start: at, end: stop + label.length + 14 })
  }
  return found
}

/** The octets of one block of PEM are changed, and written as base64 again; undefined where there is none. */
function mutateBlock(specimen: Buffer, donor: Buffer, chance: Chance): Buffer | undefined {
  const text = specimen.toString('latin1')
  const found = blocksIn(text)
  if (found.length === 0) return undefined
  const { label, body, start, end } = chance.pick(found)
  const { body: other } = chance.pick([...blocksIn(donor.toString('latin1')), { body }])
  const octets = byForm.der(Buffer.from(body, 'base64'), Buffer.from(other, 'base64'), chance, [])
  const lines = octets.toString('base64').replace(/.{64}/g, '$&\n')
  const block = `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----`
  return Buffer.from(text.slice(0, start) + block + text.slice(end), 'latin1')
}

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

/** Values in the place of others. */
const values: readonly Json[] = [
  null,
  true,
  0,
  -1,
  0.5,
  1e21,
  Number.MAX_SAFE_INTEGER + 2,
  '',
  'x',
  [],
  {},
  [[]],
  [null],
  { x: null },
  '\u0000',
  'constructor',
  'x'.repeat(5000),
]

/** One member of a JSON value is changed, taken away or given twice; undefined for what is no JSON. */
function mutateJson(specimen: Buffer, chance: Chance, words: readonly string[]): Buffer | undefined {
  let root: Json
  try {
    root = JSON.parse(specimen.toString())
  } catch {
    return undefined
  }
  const holder: { root: Json } = { root }
  const places = placesIn(holder, 0)
  for (let left = 1 + chance.below(3); left > 0; left--) chance.pick(jsonChanges)(chance.pick(places), chance, words)
  return Buffer.from(JSON.stringify(holder.root) ?? 'null')
}

interface Place {
  readonly of: Record<string, Json>
  readonly name: string
}

function placesIn(of: object, depth: number): Place[] {
  if (depth > 30) return []
  const members = of as Record<string, Json>
  return Object.entries(members).flatMap(([name, value]) => [
    { of: members, name },
    ...(typeof value === 'object' && value !== null ? placesIn(value, depth + 1) : []),
  ])
}

const jsonChanges: readonly ((place: Place, chance: Chance, words: readonly string[]) => void)[] = [
  ({ of, name }, chance) => {
    of[name] = structuredClone(chance.pick(values))
  },
  ({ of, name }) => {
    delete of[name]
  },
  ({ of, name }, chance, words) => {
    const text = typeof of[name] === 'string' ? of[name] : ''
    of[name] = newText(text, text, chance, words)
  },
  ({ of, name }, chance, words) => {
    const text = Buffer.from(typeof of[name] === 'string' ? of[name] : '')
    of[name] = mutateText(text, text, chance, words).toString()
  },
  ({ of, name }, chance, words) => {
    if (Array.isArray(of)) return
    Object.defineProperty(of, chance.pick([...words, '__proto__', 'constructor', 'length', '0', '']), {
      value: structuredClone(of[name] ?? null),
      enumerable: true,
      writable: true,
      configurable: true,
    })
  },
  ({ of, name }, chance) => {
    const value = of[name] ?? null
    const length = Math.min(chance.pick([2, 130, 2000]), Math.ceil(usualMax / JSON.stringify(value).length))
    of[name] = Array.from({ length }, () => structuredClone(value))
  },
  ({ of, name }, chance) => {
    let value: Json = of[name] ?? null
    for (let depth = chance.pick([1, 5, 60]); depth > 0; depth--) value = chance.happens(0.5) ? [value] : { x: value }
    of[name] = value
  },
]
