import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'

const run = (program: string, args: readonly string[]): string => execFileSync(program, args, { encoding: 'utf8' })

/** Where a program of this machine is; those of root are not on every PATH. */
export const which = (program: string): string =>
  run('sh', ['-c', `PATH=$PATH:/usr/sbin:/sbin command -v ${program}`]).trim()

/** Copies a file of this machine to the same place below `root`; links are followed. */
function take(root: string, path: string, to = path): void {
  mkdirSync(join(root, dirname(to)), { recursive: true })
  cpSync(realpathSync(path), join(root, to), { dereference: true, recursive: true })
}

/** The shared libraries that programs need, and the program that loads them. */
function librariesOf(program: string): readonly string[] {
  return [...run('ldd', [program]).matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path)
}

/** What every base has: what Node is linked to (glibc, libstdc++), as in distroless `cc`. */
export function fillBase(root: string): void {
  for (const path of librariesOf(process.execPath)) take(root, path)
  for (const folder of ['tmp', 'dev', 'proc']) mkdirSync(join(root, folder), { recursive: true })
}

/** What the base of the build stage has beside that, as the image `node`: a shell, Node and npm; and a network. */
export function fillNodeBase(root: string): void {
  fillBase(root)
  const shell = which('sh')
  for (const path of [...librariesOf(shell), ...librariesOf('/usr/bin/env')]) take(root, path)
  take(root, shell, '/bin/sh')
  take(root, '/usr/bin/env')
  take(root, process.execPath, '/usr/local/bin/node')
  // What is on PATH is a link to npm/bin/npm-cli.js.
  take(root, dirname(dirname(realpathSync(which('npm')))), '/usr/local/lib/node_modules/npm')
  mkdirSync(join(root, 'usr/local/bin'), { recursive: true })
  run('ln', ['-s', '../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm')])
  for (const path of ['/etc/resolv.conf', '/etc/hosts', '/etc/nsswitch.conf', '/etc/passwd', '/etc/ssl/certs']) {
    take(root, path)
  }
  for (const path of run('sh', [
    '-c',
    'ls /lib/*/libnss_dns.so.2 /lib/*/libnss_files.so.2 /lib/*/libresolv.so.2',
  ]).split('\n')) {
    if (path !== '') take(root, path)
  }
}
