import type { Chance } from '#test/make'

/** An element of DER (X.690) as a tree, which can be written wrongly on purpose. */
interface Element {
  identifier: number
  /** Octets before the contents that belong to the type: the unused bits of a BIT STRING. */
  lead: Uint8Array
  /** What it is made of; a string that holds DER is taken as made of it. */
  parts: Element[] | undefined
  /** Its contents where they are not parts. */
  contents: Uint8Array
  /** Written in place of the length that it has. */
  length: Uint8Array | undefined
}

const constructed = 0x20
const [bitString, octetString] = [0x03, 0x04]
const none = new Uint8Array(0)

/** The elements that octets are, one after the other; undefined when they are none. */
function readElements(octets: Uint8Array, depth = 0): Element[] | undefined {
  const found: Element[] = []
  for (let at = 0; at < octets.length; ) {
    const [identifier = 0, first = 0] = octets.subarray(at, at + 2)
    const lengthOctets = first < 0x80 ? 0 : first & 0x7f
    if ((identifier & 0x1f) === 0x1f || lengthOctets > 3 || at + 2 + lengthOctets > octets.length) return undefined
    const start = at + 2 + lengthOctets
    const long = octets.subarray(at + 2, start).reduce((total, octet) => total * 0x100 + octet, 0)
    const end = start + (first < 0x80 ? first : long)
    if (end > octets.length) return undefined
    found.push(elementOf(identifier, octets.subarray(start, end), depth))
    at = end
  }
  return found
}

function elementOf(identifier: number, contents: Uint8Array, depth: number): Element {
  const lead = identifier === bitString ? contents.subarray(0, 1) : none
  const isNested = (identifier & constructed) !== 0 || identifier === octetString || identifier === bitString
  const inner = contents.subarray(lead.length)
  const parts = isNested && inner.length > 1 && depth < 24 ? readElements(inner, depth + 1) : undefined
  return { identifier, lead, parts, contents: inner, length: undefined }
}

/** The fewest octets (X.690 10.1). */
function lengthOf(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length)
  const octets: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 0x100)) octets.unshift(rest % 0x100)
  return Uint8Array.of(0x80 | octets.length, ...octets)
}

function write({ identifier, lead, parts, contents, length }: Element): Buffer {
  const inner = parts ? Buffer.concat(parts.map(write)) : contents
  return Buffer.concat([Uint8Array.of(identifier), length ?? lengthOf(lead.length + inner.length), lead, inner])
}

interface Place {
  readonly element: Element
  readonly siblings: Element[]
}

function placesIn(siblings: Element[]): Place[] {
  return siblings.flatMap((element) => [{ element, siblings }, ...(element.parts ? placesIn(element.parts) : [])])
}

/** Lengths that lie: too short, too long, indefinite, reserved, not the shortest, of more octets than a number has. */
const lengths: readonly Uint8Array[] = [
  [0x00],
  [0x7f],
  [0x80],
  [0xff],
  [0x81, 0x01],
  [0x82, 0x00, 0x05],
  [0x84, 0x7f, 0xff, 0xff, 0xff],
  [0x84, 0xff, 0xff, 0xff, 0xff],
  [0x88, 0, 0, 0, 1, 0, 0, 0, 0],
  [0xfe, ...Array<number>(126).fill(0xff)],
].map((octets) => Uint8Array.from(octets))

/** Contents that are none of their type, or on its edge. */
const contents: readonly Uint8Array[] = [
  none,
  Uint8Array.of(0),
  Uint8Array.of(0xff),
  Uint8Array.of(0x80),
  Uint8Array.of(0, 0, 0, 1),
  Uint8Array.from({ length: 200 }, () => 0xff),
  Uint8Array.from({ length: 3000 }, () => 0x41),
  Buffer.from('99991231235959Z'),
  Buffer.from('000000000000Z'),
  Buffer.from('20500229000000.5+0100'),
  Buffer.from('\u0000example.com'),
  Buffer.from([0xc3, 0x28, 0xed, 0xa0, 0x80]),
  Buffer.from([0x80, 0x80, 0x80, 0x01]),
]

const identifiers = [0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x09, 0x0c, 0x13, 0x16, 0x17, 0x18, 0x1e, 0x30, 0x31]

type Change = (place: Place, chance: Chance, all: readonly Place[]) => void

/** A copy, where an element is to stand twice: it neither holds itself, nor do both change as one. */
const copyOf = (element: Element): Element => ({ ...element, parts: element.parts?.map(copyOf) })

const swap = ({ element, siblings }: Place, others: readonly Element[]): void => {
  siblings.splice(siblings.indexOf(element), 1, ...others)
}

const changes: readonly Change[] = [
  (place) => swap(place, []),
  (place) => swap(place, [place.element, copyOf(place.element)]),
  (place, chance, all) => swap(place, [copyOf(chance.pick(all).element)]),
  (place, chance, all) => swap(place, [place.element, copyOf(chance.pick(all).element)]),
  ({ siblings }) => void siblings.reverse(),
  ({ element }, chance) => {
    element.identifier = chance.pick(identifiers) ^ (chance.happens(0.3) ? 0xa0 : 0)
  },
  ({ element }, chance) => {
    element.identifier ^= 1 << chance.below(8)
  },
  ({ element }, chance) => {
    element.length = chance.pick(lengths)
  },
  ({ element }, chance) => Object.assign(element, { parts: undefined, contents: chance.pick(contents) }),
  ({ element }, chance) => {
    const octets = Uint8Array.from(element.parts ? Buffer.concat(element.parts.map(write)) : element.contents)
    const at = chance.below(octets.length)
    if (octets.length > 0) octets[at] = chance.happens(0.5) ? chance.below(256) : (octets[at] ?? 0) ^ 1
    Object.assign(element, { parts: undefined, contents: octets })
  },
  ({ element }, chance) => {
    element.lead = Uint8Array.of(chance.pick([0, 1, 7, 8, 255]))
  },
  (place, chance) => {
    const times = chance.pick([2, 20, 100])
    // Not deeper than this test itself can write.
    let nested = place.element
    for (let depth = 0; depth < times; depth++) {
      nested = { identifier: 0x30, lead: none, parts: [nested], contents: none, length: undefined }
    }
    swap(place, [nested])
  },
  (place, chance) => {
    const times = Math.min(chance.pick([3, 50, 1200]), Math.ceil(3000 / placesIn([place.element]).length))
    swap(
      place,
      Array.from({ length: times }, () => copyOf(place.element)),
    )
  },
]

/** Octets of DER with one to three of its elements changed, lengths around them right; undefined for what is no DER. */
export function mutateDer(octets: Uint8Array, chance: Chance, donor: Uint8Array = octets): Buffer | undefined {
  const roots = readElements(octets)
  if (!roots || roots.length === 0) return undefined
  const donated = placesIn(readElements(donor) ?? [])
  for (let left = 1 + chance.below(3); left > 0; left--) {
    const all = placesIn(roots)
    if (all.length === 0) break
    chance.pick(changes)(chance.pick(all), chance, chance.happens(0.5) ? all : [...donated, ...all.slice(0, 1)])
  }
  return Buffer.concat(roots.map(write))
}

/** A value of DER that is nothing but sequences in sequences. */
export function deepDer(depth: number): Buffer {
  let octets = Buffer.alloc(0)
  for (let left = depth; left > 0; left--)
    octets = Buffer.concat([Uint8Array.of(0x30), lengthOf(octets.length), octets])
  return octets
}
