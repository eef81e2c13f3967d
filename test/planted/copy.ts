import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A change to one file of src/. */
export interface Edit {
  readonly file: string
  /** Text that is in the file exactly once. */
  readonly find: string
  readonly replace: string
}

/** A copy of the operator. */
export interface Copy {
  /** Its executable. */
  readonly binary: string
  remove(): void
}

const root = new URL('../../', import.meta.url).pathname

/**
 * The text of a file with the edit in it.
 * @throws Error when what is to be replaced is not there exactly once: the source has changed, and the edit must follow
 */
export function edited({ file, find, replace }: Edit, text = readFileSync(join(root, 'src', file), 'utf8')): string {
  const count = text.split(find).length - 1
  if (count !== 1) throw new Error(`src/${file} has ${count} times, and not once: ${find}`)
  return text.replace(find, () => replace)
}

/** Copies the operator into a temporary folder, with these edits. */
export function copyWith(edits: readonly Edit[]): Copy {
  const folder = mkdtempSync(join(tmpdir(), 'sifaka-planted-'))
  const isSource = (path: string): boolean => !path.endsWith('.test.ts')
  cpSync(join(root, 'src'), join(folder, 'src'), { recursive: true, filter: isSource })
  cpSync(join(root, 'package.json'), join(folder, 'package.json'))
  cpSync(join(root, 'bin/sifaka'), join(folder, 'bin/sifaka'))
  chmodSync(join(folder, 'bin/sifaka'), 0o755)
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  for (const edit of edits) {
    const path = join(folder, 'src', edit.file)
    writeFileSync(path, edited(edit, readFileSync(path, 'utf8')))
  }
  return { binary: join(folder, 'bin/sifaka'), remove: () => rmSync(folder, { recursive: true, force: true }) }
}
