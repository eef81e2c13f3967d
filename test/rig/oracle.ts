/** Something that must be so whatever happened: its name says what is broken when it is not. */
export class OracleError extends Error {
  readonly oracle: string

  constructor(oracle: string, cause: unknown) {
    super(`oracle "${oracle}": ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.oracle = oracle
  }
}

/** @throws OracleError when `check` throws */
export async function oracle(name: string, check: () => Promise<unknown> | unknown): Promise<void> {
  try {
    await check()
  } catch (error) {
    throw new OracleError(name, error)
  }
}
