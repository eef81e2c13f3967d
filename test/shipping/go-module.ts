import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * The folder of a Go module's sources, which Go fetches once: others publish their CustomResourceDefinitions so.
 * @param module `path@version`
 */
export async function goModule(module: string): Promise<string> {
  const { stdout } = await run('go', ['mod', 'download', '-json', module], { cwd: tmpdir() })
  return JSON.parse(stdout).Dir
}
