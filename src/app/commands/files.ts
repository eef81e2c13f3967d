import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { link, lstat, open, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Failure, isFailure, terminal } from '#base'

/**
 * The text of a file or a pipe.
 * @param maxBytes what is larger is refused before it is read to its end
 * @throws Failure Terminal `UnusableFile`
 */
export async function readTextFile(path: string, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of createReadStream(path)) {
      length += chunk.length
      if (length > maxBytes) break
      chunks.push(chunk)
    }
  } catch (error) {
    throw unusable(`cannot read ${path} (${codeOf(error)})`, error)
  }
  if (length > maxBytes) throw unusable(`${path} is larger than ${maxBytes} bytes`)
  return Buffer.concat(chunks).toString('utf8')
}

/** Says of a failure which option it is about: `--key ca.key: …`. */
export async function about<T>(option: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (isFailure(error)) throw terminal(error.reason, `${option}: ${error.message}`, error)
    throw error
  }
}

/** @throws Failure Terminal `UnusableFile` when there is something of that name */
export async function refuseExisting(path: string): Promise<void> {
  const exists = await lstat(path).then(
    () => true,
    () => false,
  )
  if (exists) throw inTheWay(path)
}

/**
 * Writes a file that only its owner can read, so that it is either whole and on the disk or not there, and never in
 * place of another one.
 * @throws Failure Terminal `UnusableFile`
 */
export async function writeNewFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(4).toString('hex')}.partial`
  try {
    await writeThrough(draft, text)
    if ((await readFile(draft, 'utf8')) !== text) throw unusable(`${path} does not hold what was written to it`)
    // Unlike a rename, this fails when somebody has made a file of that name.
    await link(draft, path)
    await syncFolder(dirname(path))
  } catch (error) {
    const code = codeOf(error)
    if (code === undefined) throw error
    if (code === 'EEXIST') throw inTheWay(path)
    throw unusable(`cannot write ${path} (${code}); a folder of a local disk serves best`, error)
  } finally {
    await rm(draft, { force: true })
  }
}

async function writeThrough(path: string, text: string): Promise<void> {
  await using file = await open(path, 'wx', 0o600)
  await file.writeFile(text)
  await file.sync()
}

/** The name of a file is safe only when its folder is. */
async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r')
  await folder.sync()
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code

const inTheWay = (path: string): Failure => unusable(`${path} exists and is not overwritten: choose another name`)

const unusable = (message: string, cause?: unknown): Failure => terminal('UnusableFile', message, cause)
