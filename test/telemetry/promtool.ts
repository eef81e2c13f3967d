import { spawnSync } from 'node:child_process'

const binary = new URL('../../.cache/bin/promtool', import.meta.url).pathname

/** Runs promtool; what it has to say, on both of its outputs, and its exit code. */
export function promtool(
  args: readonly string[],
  input = '',
): { readonly status: number | null; readonly said: string } {
  const { status, stdout, stderr, error } = spawnSync(binary, args, { input, encoding: 'utf8' })
  if (error) throw new Error(`promtool cannot be run (${error.message}); \`make judges\` gets it`)
  return { status, said: `${stdout}${stderr}`.trim() }
}
