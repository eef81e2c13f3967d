import type { IssuerPlugin } from './contract.ts'

/** The issuers that this process knows. */
export interface IssuerRegistry {
  /** The issuer of that type that comes with Sifaka, or undefined. */
  find(type: string): IssuerPlugin | undefined
  /** The issuer of that type from a package, or undefined. One that comes with Sifaka has its own checked options. */
  findPackaged(type: string): IssuerPlugin | undefined
}

/**
 * @param own those that come with Sifaka
 * @param packaged those of the packages that the operator was started with
 * @throws Error when two issuers have one type
 */
export function createIssuerRegistry(
  own: readonly IssuerPlugin[],
  packaged: readonly IssuerPlugin[] = [],
): IssuerRegistry {
  const types = new Set<string>()
  for (const { type } of [...own, ...packaged]) {
    if (types.has(type)) throw new Error(`two issuer plugins have the type ${type}`)
    types.add(type)
  }
  return {
    find: (type) => own.find((plugin) => plugin.type === type),
    findPackaged: (type) => packaged.find((plugin) => plugin.type === type),
  }
}
