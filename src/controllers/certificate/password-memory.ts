import type { Failure } from '#base'
import type { PasswordVersions } from '#plan'

interface Remembered {
  readonly question: string
  readonly found: PasswordVersions | Failure
}

/**
 * What was found where a Certificate has its passwords, never a password itself. All of it may be lost at any time:
 * then the Secrets are read again.
 */
export class PasswordMemory {
  readonly #found = new Map<string, Remembered>()

  /** What was found, if the very same question was asked; it says which versions of which Secrets were looked at. */
  recall(key: string, question: string): Remembered['found'] | undefined {
    const remembered = this.#found.get(key)
    return remembered?.question === question ? remembered.found : undefined
  }

  remember(key: string, question: string, found: Remembered['found']): void {
    this.#found.set(key, { question, found })
  }

  forget(key: string): void {
    this.#found.delete(key)
  }
}
