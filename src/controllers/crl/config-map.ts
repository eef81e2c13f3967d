import type { KeyObject } from 'node:crypto'
import { type Authority, annotations, type ConfigMap, configMapLabel } from '#api'
import { type Instant, isFailure, second } from '#base'
import { storeKeyOf } from '#kube'
import { type ParsedCrl, parseCrl } from '#pki'
import { type CrlEntry, type CrlView, crlName } from '#plan'

const crlKey = 'ca.crl'
/** When each certificate on the CRL expires, in their order: seconds since 1970, four octets each, big-endian. */
const notAfterKey = 'not-after'
const latest = 2 ** 32 - 1

/** Base64 by key. */
type BinaryData = Readonly<Record<string, string>>

/** A CRL as its ConfigMap holds it. */
export interface StoredCrl {
  readonly der: Buffer
  readonly crl: ParsedCrl
  readonly notAfter: readonly Instant[]
}

/**
 * Reads CRLs in ConfigMaps, each content once, as the largest takes most of a second. What was read last is kept by
 * `namespace/name`.
 */
export class CrlReader {
  readonly #known = new Map<string, { readonly binaryData: BinaryData; readonly stored: StoredCrl | undefined }>()

  /** The CRL in a ConfigMap; undefined when there is none, or none that can be read. Who has signed it is open. */
  read(configMap: ConfigMap): StoredCrl | undefined {
    const key = storeKeyOf(configMap)
    const { binaryData = {} } = configMap
    const known = this.#known.get(key)
    if (known && isSame(known.binaryData, binaryData)) return known.stored
    return this.#keep(key, binaryData, decoded(binaryData))
  }

  /** Notes what a ConfigMap is about to hold. */
  note(key: string, binaryData: BinaryData, crl: ParsedCrl): void {
    this.#keep(key, binaryData, { der: octetsOf(binaryData, crlKey), crl, notAfter: timesOf(binaryData) })
  }

  /** Forgets a ConfigMap that is gone. */
  forget(key: string): void {
    this.#known.delete(key)
  }

  #keep(key: string, binaryData: BinaryData, stored: StoredCrl | undefined): StoredCrl | undefined {
    this.#known.set(key, { binaryData, stored })
    return stored
  }
}

const isSame = (a: BinaryData, b: BinaryData): boolean => a[crlKey] === b[crlKey] && a[notAfterKey] === b[notAfterKey]

const octetsOf = (binaryData: BinaryData, key: string): Buffer => Buffer.from(binaryData[key] ?? '', 'base64')

function decoded(binaryData: BinaryData): StoredCrl | undefined {
  const der = octetsOf(binaryData, crlKey)
  try {
    return { der, crl: parseCrl(der), notAfter: timesOf(binaryData) }
  } catch (error) {
    if (isFailure(error)) return undefined
    throw error
  }
}

function timesOf(binaryData: BinaryData): Instant[] {
  const octets = octetsOf(binaryData, notAfterKey)
  return Array.from({ length: Math.floor(octets.length / 4) }, (_, index) => octets.readUInt32BE(index * 4) * second)
}

/** Whether the ConfigMap was made for the CRL of that generation. */
export function isCrlOf(
  { metadata }: Pick<Authority, 'metadata'>,
  generation: number,
  { metadata: found }: ConfigMap,
): boolean {
  const { labels = {}, annotations: said = {} } = found
  const isOurs = labels[configMapLabel] === 'crl' && said[annotations.authority] === metadata.name
  return isOurs && said[annotations.caGeneration] === String(generation)
}

/**
 * What the ConfigMap holds.
 * @param stored the CRL in it
 * @param publicKey of the generation
 * @param caNotAfter when a certificate expires at the latest
 */
export function crlView(stored: StoredCrl | undefined, publicKey: KeyObject, caNotAfter: Instant): CrlView {
  if (stored === undefined) return { state: 'damaged', why: 'what is there is no CRL' }
  const { crl, notAfter } = stored
  const { crlNumber, nextUpdate, thisUpdate, distributionPoints } = crl
  if (!crl.isSignedBy(publicKey)) return { state: 'damaged', why: 'it is signed by another key' }
  if (crlNumber === undefined || nextUpdate === undefined)
    return { state: 'damaged', why: 'it has no number or no end' }
  const entries = crl.entries.map((entry, index) => ({ ...entry, notAfter: notAfter[index] ?? caNotAfter }))
  return { state: 'held', held: { number: crlNumber, thisUpdate, nextUpdate, distributionPoints, entries } }
}

/** The `binaryData` of a CRL. */
export function crlData(der: Uint8Array, { entries: listed }: ParsedCrl, entries: readonly CrlEntry[]): BinaryData {
  const notAfter = new Map(entries.map((entry) => [entry.serialNumber, entry.notAfter]))
  const times = Buffer.alloc(4 * listed.length)
  for (const [index, { serialNumber }] of listed.entries()) {
    // Rounded up, and one that is not known never ends: a certificate must not leave the CRL before it has expired.
    const seconds = Math.ceil((notAfter.get(serialNumber) ?? Number.POSITIVE_INFINITY) / second)
    times.writeUInt32BE(Math.min(seconds, latest), index * 4)
  }
  return { [crlKey]: Buffer.from(der).toString('base64'), [notAfterKey]: times.toString('base64') }
}

/** The ConfigMap of a generation's CRL, new. */
export function crlConfigMap(authority: Authority, generation: number, binaryData: BinaryData): ConfigMap {
  const { name, namespace = '' } = authority.metadata
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      namespace,
      name: crlName(authority, generation),
      labels: { [configMapLabel]: 'crl' },
      annotations: { [annotations.authority]: name, [annotations.caGeneration]: String(generation) },
    },
    binaryData: { ...binaryData },
  }
}
