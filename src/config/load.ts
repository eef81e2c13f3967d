import { terminal } from '#base'
import { type Config, type Setting, settings } from './settings.ts'

/** What was given for each setting: a flag's value, else a variable's, else nothing. An empty text is nothing, too. */
export type GivenSettings = { readonly [Name in keyof Config]?: string | undefined }

/**
 * Reads the settings.
 * @throws Failure Terminal `InvalidConfiguration` that names every setting that cannot be read, and why
 */
export function loadConfig(given: GivenSettings): Config {
  const problems: string[] = []
  const read = Object.entries<Setting>(settings).map(([name, setting]) => {
    const text = given[name as keyof Config] || setting.default
    const result = setting.schema.safeParse(text)
    if (!result.success) {
      const why = result.error.issues.map((issue) => issue.message).join(', ')
      problems.push(`${setting.flag} (${setting.variable}) "${text}": ${why}`)
    }
    return [name, result.data]
  })
  if (problems.length > 0) throw terminal('InvalidConfiguration', problems.join('\n'))
  return Object.freeze(Object.fromEntries(read))
}
