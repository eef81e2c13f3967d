import { gunzipSync, gzipSync } from 'node:zlib'
import { terminal } from '#base'
import { entryBytesMax, parseRegisterEntry } from './bounded-entry.ts'
import type { RegisterEntry } from './entry.ts'

/** Entries of one shard, at most: 500 of the largest are below 1 MiB even if nothing could be compressed. */
export const shardEntriesMax = 500

/** Bytes of a shard as JSON lines, at most. */
const shardBytesMax = shardEntriesMax * (entryBytesMax + 1)

/**
 * A shard as it is stored: JSON lines, an entry each, in gzip.
 * @throws RangeError when there are too many entries, or one that `boundedEntry` has not seen
 */
export function encodeShard(entries: readonly RegisterEntry[]): Uint8Array {
  const lines = entries.map((entry) => `${JSON.stringify(entry)}\n`)
  if (lines.length > shardEntriesMax) throw new RangeError(`a shard cannot hold ${lines.length} entries`)
  const large = lines.find((line) => Buffer.byteLength(line) > entryBytesMax + 1)
  if (large) throw new RangeError(`an entry of ${Buffer.byteLength(large)} bytes does not fit into a shard`)
  return gzipSync(lines.join(''))
}

/**
 * The entries of a stored shard.
 * @throws Failure Terminal `RegisterDamaged` when it is not what `encodeShard` makes
 */
export function decodeShard(stored: Uint8Array): RegisterEntry[] {
  const lines = linesOf(stored)
  if (lines.length > shardEntriesMax) {
    throw terminal('RegisterDamaged', `it has ${lines.length} lines, and a shard at most ${shardEntriesMax}`)
  }
  return lines.map((line) => parseRegisterEntry(parsed(line)))
}

function linesOf(stored: Uint8Array): string[] {
  try {
    const text = gunzipSync(stored, { maxOutputLength: shardBytesMax }).toString()
    return text.split('\n').filter((line) => line !== '')
  } catch (error) {
    throw terminal('RegisterDamaged', `it cannot be uncompressed to at most ${shardBytesMax} bytes`, error)
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (error) {
    throw terminal('RegisterDamaged', 'a line of it is not JSON', error)
  }
}

/** How full a shard is. */
interface ShardFill {
  readonly number: number
  readonly count: number
}

/**
 * The shard that a batch of at most `shardEntriesMax` entries goes to, whole, so that it costs one write: the fullest
 * that has room for it, so that shards whose entries have expired are used again; undefined when none has.
 */
export function shardFor<Fill extends ShardFill>(shards: Iterable<Fill>, batchSize: number): Fill | undefined {
  let best: Fill | undefined
  for (const shard of shards) {
    const fits = shard.count + batchSize <= shardEntriesMax
    if (fits && (best === undefined || shard.count > best.count)) best = shard
  }
  return best
}
