import type { RevocationReason } from '#api'
import { terminal } from '#base'
import type { RegisterEntry, Revoked } from './entry.ts'

/** Bytes of an entry as JSON, at most. */
export const entryBytesMax = 2048

const namesMax = 20
/** Bytes of the names of an entry as JSON. One URI of 1,024 characters fits. */
const namesBytesMax = 1100
/** What is kept of a first name that does not fit; as JSON each character may take six bytes. */
const cutNameLength = 160
/** An e-mail address has at most 254 characters (RFC 3696, erratum 1690). */
const ownerBytesMax = 300

const reasons: Readonly<Record<RevocationReason, true>> = {
  unspecified: true,
  keyCompromise: true,
  cACompromise: true,
  affiliationChanged: true,
  superseded: true,
  cessationOfOperation: true,
  certificateHold: true,
  privilegeWithdrawn: true,
  aACompromise: true,
}

/** The entry with as many of its names as fit, and without an owner that does not: small enough for any shard. */
export function boundedEntry({ owner, ...entry }: RegisterEntry): RegisterEntry {
  const keepsOwner = owner !== undefined && jsonBytes(owner) <= ownerBytesMax
  return { ...entry, names: firstNames(entry.names), ...(keepsOwner && { owner }) }
}

function firstNames(names: readonly string[]): readonly string[] {
  const kept: string[] = []
  let left = namesBytesMax
  for (const name of names.slice(0, namesMax)) {
    left -= jsonBytes(name) + 1
    if (left < 0) break
    kept.push(name)
  }
  const [first] = names
  return kept.length === 0 && first !== undefined ? [`${first.slice(0, cutNameLength)}…`] : kept
}

const jsonBytes = (text: string): number => Buffer.byteLength(JSON.stringify(text))

/**
 * The entry that parsed JSON is. Members that are not known here are left out.
 * @throws Failure Terminal `RegisterDamaged` when it is none, or larger than `boundedEntry` makes it
 */
export function parseRegisterEntry(value: unknown): RegisterEntry {
  const member = (name: string): unknown => (value as Readonly<Record<string, unknown>> | null | undefined)?.[name]
  const owner = member('owner')
  const revoked = member('revoked')
  return {
    serialNumber: text(member('serialNumber'), /^[0-9a-f]{1,40}$/),
    fingerprint: text(member('fingerprint'), /^[0-9a-f]{64}$/),
    generation: whole(member('generation')),
    kind: kindOf(member('kind')),
    holder: text(member('holder'), /^[a-z0-9-]{1,63}\/[a-z0-9.-]{1,253}$/),
    revision: whole(member('revision')),
    names: namesOf(member('names')),
    ...(owner !== undefined && { owner: ownerOf(owner) }),
    issuedAt: instant(member('issuedAt')),
    notAfter: instant(member('notAfter')),
    ...(revoked !== undefined && { revoked: revokedOf(revoked) }),
  }
}

const damaged = (): Error => terminal('RegisterDamaged', 'a line of the register is not an entry')

function text(value: unknown, pattern: RegExp): string {
  if (typeof value === 'string' && pattern.test(value)) return value
  throw damaged()
}

function whole(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw damaged()
}

/** What a Date can hold (ECMA-262, time values). */
function instant(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= 8.64e15) return value
  throw damaged()
}

function kindOf(value: unknown): RegisterEntry['kind'] {
  if (value === 'Certificate' || value === 'Authority') return value
  throw damaged()
}

function namesOf(value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length > namesMax) throw damaged()
  const names = value.map((name) => text(name, /^/))
  if (names.reduce((bytes, name) => bytes + jsonBytes(name) + 1, 0) > namesBytesMax) throw damaged()
  return names
}

function ownerOf(value: unknown): string {
  const owner = text(value, /^/)
  if (jsonBytes(owner) > ownerBytesMax) throw damaged()
  return owner
}

function revokedOf(value: unknown): Revoked {
  const { at, reason } = (value ?? {}) as Readonly<Record<string, unknown>>
  if (!isReason(reason)) throw damaged()
  return { at: instant(at), reason }
}

const isReason = (value: unknown): value is RevocationReason =>
  typeof value === 'string' && Object.hasOwn(reasons, value)
