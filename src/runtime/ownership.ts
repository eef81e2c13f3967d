/**
 * Who may act on a key. Today one process owns all keys while it holds the Lease; owning by key keeps the way open to
 * several active processes.
 */
export interface Ownership {
  owns(key: string): boolean
  /** Milliseconds for which `owns` is certain to stay true; an outside call needs a time-out below it. */
  remainingMs(): number
  /** Tells of each change. */
  onChange(listener: (owns: boolean) => void): void
}
