import type { Registered } from '#plan'

/** What a line that no shard has is worth: the line as its certificate proves it, or undefined. */
export type Prove = (line: Registered, signal: AbortSignal) => Promise<Registered | undefined>
