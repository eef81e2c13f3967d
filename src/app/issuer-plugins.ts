import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Failure, isFailure, plainText, terminal } from '#base'
import type { IssuerPlugin } from '#issuers'

const typePattern = /^[a-z][a-zA-Z0-9]{0,62}$/

/**
 * Loads the issuers of packages: the default export of each.
 * @param specifiers names of packages, or absolute paths of files
 * @param taken types that come with Sifaka
 * @throws Failure Terminal `InvalidConfiguration` that names every package that cannot be used, and why
 */
export async function loadIssuerPlugins(
  specifiers: readonly string[],
  taken: readonly string[],
): Promise<readonly IssuerPlugin[]> {
  const plugins: IssuerPlugin[] = []
  const problems: string[] = []
  for (const specifier of specifiers) {
    try {
      const plugin = await load(specifier)
      checkUnique(plugin.type, taken, plugins)
      plugins.push(plugin)
    } catch (error) {
      problems.push(`--issuer-plugins ${specifier}: ${problemOf(error)}`)
    }
  }
  if (problems.length > 0) throw unusable(problems.join('\n'))
  return plugins
}

const unusable = (message: string): Failure => terminal('InvalidConfiguration', message)

async function load(specifier: string): Promise<IssuerPlugin> {
  const module = await import(isAbsolute(specifier) ? pathToFileURL(specifier).href : specifier)
  const flaw = flawOf(module.default)
  if (flaw !== undefined) throw unusable(flaw)
  return module.default
}

function checkUnique(type: string, taken: readonly string[], plugins: readonly IssuerPlugin[]): void {
  if (taken.includes(type)) throw unusable(`the type ${type} comes with Sifaka`)
  if (plugins.some((plugin) => plugin.type === type)) throw unusable(`another of the packages has the type ${type}`)
}

/** What keeps a default export from being an issuer plugin. */
function flawOf(exported: unknown): string | undefined {
  const { type, create } = Object(exported)
  if (exported === undefined) return 'it has no default export: export an IssuerPlugin (docs/issuers.md)'
  if (typeof type !== 'string' || !typePattern.test(type)) {
    return `the type of its default export must match ${typePattern.source}`
  }
  return typeof create === 'function' ? undefined : 'its default export has no method create'
}

/** Whatever a package throws while it is loaded is told, in one line. */
function problemOf(error: unknown): string {
  if (isFailure(error)) return error.message
  const { code } = Object(error)
  const message = plainText(error instanceof Error ? error.message : String(error))
  return `it cannot be loaded${typeof code === 'string' ? ` (${code})` : ''}: ${message}`
}
