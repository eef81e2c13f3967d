import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Secret } from '#api'
import { textOf } from './namespace.ts'

const run = promisify(execFile)

/** The openssl program with a folder of its own. */
export class Openssl {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async open(): Promise<Openssl> {
    return new Openssl(await mkdtemp(join(tmpdir(), 'sifaka-openssl-')))
  }

  /** Runs it in the folder; returns what it prints. @throws Error when it does not end with 0 */
  async run(...args: readonly string[]): Promise<string> {
    return (await run('openssl', args, { cwd: this.#folder })).stdout
  }

  write(name: string, content: string): Promise<void> {
    return writeFile(join(this.#folder, name), content)
  }

  read(name: string): Promise<string> {
    return readFile(join(this.#folder, name), 'utf8')
  }

  /** Makes a root of this name, as NAME.key and NAME.pem, and returns its certificate. */
  async makeRoot(name: string): Promise<string> {
    await this.run(
      ...['req', '-x509', '-nodes', '-days', '365', '-subj', `/CN=${name}`, '-newkey', 'ec'],
      ...['-pkeyopt', 'ec_paramgen_curve:P-256', '-keyout', `${name}.key`, '-out', `${name}.pem`],
      ...['-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
    )
    return this.read(`${name}.pem`)
  }

  /** Makes a request for a host, with more extensions. */
  async makeCsr(host: string, ...extensions: readonly string[]): Promise<string> {
    await this.run(
      ...['req', '-new', '-nodes', '-newkey', 'rsa:2048', '-subj', `/CN=${host}`, '-keyout', 'host.key'],
      ...['-out', 'host.csr', ...[`subjectAltName=DNS:${host}`, ...extensions].flatMap((each) => ['-addext', each])],
    )
    return this.read('host.csr')
  }

  /** Has the root sign a request for a CA certificate. */
  async signCa(root: string, csr: string, extensions: readonly string[]): Promise<string> {
    const name = `${root}-${Math.floor(performance.now() * 1000)}`
    await this.write(`${name}.csr`, csr)
    const always = ['subjectKeyIdentifier=hash', 'authorityKeyIdentifier=keyid']
    await this.write(`${name}.ext`, [...extensions, ...always].join('\n'))
    await this.run(
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', `${root}.pem`, '-CAkey', `${root}.key`, '-CAcreateserial'],
      ...['-days', '100', '-extfile', `${name}.ext`, '-out', `${name}.pem`],
    )
    return this.read(`${name}.pem`)
  }

  /** What openssl says of the chain in a Secret: OK, or what is wrong. */
  async verify(secret: Secret): Promise<string> {
    const name = secret.metadata.uid ?? ''
    await this.write(`${name}.crt`, textOf(secret, 'tls.crt'))
    await this.write(`${name}.ca`, textOf(secret, 'ca.crt'))
    const chain = ['-CAfile', `${name}.ca`, '-no-CApath', '-untrusted', `${name}.crt`, `${name}.crt`]
    return this.run('verify', '-x509_strict', ...chain).then(
      (printed) => printed.trim().split(': ')[1] ?? '',
      (error) => String(error.stderr),
    )
  }

  close(): Promise<void> {
    return rm(this.#folder, { recursive: true })
  }
}
