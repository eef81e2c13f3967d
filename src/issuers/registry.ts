import type { IssuerPlugin } from './contract.ts'

/** The issuers that this process knows, by type. */
export interface IssuerRegistry {
  /** The plugin of that type, or undefined. */
  find(type: string): IssuerPlugin | undefined
}

/**
 * @throws Error when two plugins have one type
 */
export function createIssuerRegistry(plugins: readonly IssuerPlugin[]): IssuerRegistry {
  const byType = new Map<string, IssuerPlugin>()
  for (const plugin of plugins) {
    if (byType.has(plugin.type)) throw new Error(`two issuer plugins have the type ${plugin.type}`)
    byType.set(plugin.type, plugin)
  }
  return { find: (type) => byType.get(type) }
}
