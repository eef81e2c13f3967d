import { spawn } from 'node:child_process'

interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end, whatever that is. Rejects when there is no such program. */
export function run(program: string, args: readonly string[], input = ''): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...process.env, LC_ALL: 'C.UTF-8' } })
    const output = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output.stderr += text
    })
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, ...output }))
    // A program that ends early does not read all of it; its exit status says so.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}

/** What it prints. @throws Error with what it says when it does not end with 0 */
export async function mustRun(program: string, args: readonly string[], input = ''): Promise<string> {
  const { status, stdout, stderr } = await run(program, args, input)
  if (status !== 0) throw new Error(`${program} ends with ${status}: ${stderr || stdout}`)
  return stdout
}

/** A virtual machine that lives for one command does not compile much. */
const machine = ['-J-XX:TieredStopAtLevel=1', '-J-Xshare:auto', '-J-Duser.language=en']

/** Java's keytool: a quarter of a second for each command. */
export const keytool = (...args: readonly string[]): Promise<Ended> => run('keytool', [...machine, ...args])

/** What a program builds or installs, by `make judges`. */
export const cached = (path: string): string => new URL(`../../.cache/${path}`, import.meta.url).pathname
