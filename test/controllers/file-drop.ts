import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuthoritySpec } from '#api'

/** The CA of the sample package, as openssl makes it. */
interface OpensslCa {
  createCa(folder: string): Promise<void>
  signAll(folder: string, ca: string): Promise<void>
  garble(folder: string): Promise<void>
}

/** What fails is tried again while a test waits. */
const soon = { initial: '1s', max: '4s' }

const opensslCa: OpensslCa = await import(new URL('../../examples/issuer-plugin/openssl-ca.js', import.meta.url).href)

/** How an operator is started that knows the issuer. */
export const fileDropArgs = ['--issuer-plugins', new URL('impatient-file-drop.js', import.meta.url).pathname]

/** An openssl CA, and the folder below which all its folders are. */
export class FileDropRoot {
  readonly #root: string
  #folders = 0

  private constructor(root: string) {
    this.#root = root
  }

  /** Operators that are started from now on find it. */
  static async open(): Promise<FileDropRoot> {
    const root = await mkdtemp(join(tmpdir(), 'sifaka-orders-'))
    process.env.FILE_DROP_ROOT = root
    await opensslCa.createCa(join(root, 'ca'))
    return new FileDropRoot(root)
  }

  /** A new folder of the CA. */
  async folder(): Promise<FileDrop> {
    const name = `orders-${++this.#folders}`
    mkdirSync(join(this.#root, name))
    await cp(join(this.#root, 'ca/chain.pem'), join(this.#root, name, 'ca.pem'))
    return new FileDrop(this.#root, name)
  }

  async close(): Promise<void> {
    await rm(this.#root, { recursive: true })
  }
}

/** A folder into which requests are dropped and out of which certificates are taken. */
export class FileDrop {
  readonly spec: AuthoritySpec
  readonly #ca: string
  readonly #folder: string

  constructor(root: string, name: string) {
    this.spec = { plugin: { name: 'fileDrop', options: { folder: name, caFile: 'ca.pem' } }, retry: soon }
    this.#ca = join(root, 'ca')
    this.#folder = join(root, name)
  }

  /** The orders whose requests lie in the folder; one that is cancelled goes. */
  orders(): string[] {
    return readdirSync(this.#folder).flatMap((name) => (name.endsWith('.csr') ? [name.replace('.csr', '')] : []))
  }

  /** The verbs of all calls so far, or of those to one order. */
  calls(order = ''): string[] {
    const path = join(this.#folder, 'calls')
    const lines = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
    return lines.filter((line) => line.includes(order)).map((line) => line.split(' ')[0] ?? '')
  }

  /** All orders that there ever were. */
  ordersEver(): string[] {
    const path = join(this.#folder, 'calls')
    const lines = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
    return [...new Set(lines.flatMap((line) => (line.startsWith('issue ') ? [line.slice('issue '.length)] : [])))]
  }

  /** Signs what lies there, as people at an offline CA would. */
  sign(): Promise<void> {
    return opensslCa.signAll(this.#folder, this.#ca)
  }

  /** Answers what lies there with something that is no certificate. */
  garble(): Promise<void> {
    return opensslCa.garble(this.#folder)
  }

  /** Takes the certificates back. */
  unsign(): void {
    for (const order of this.orders()) this.#remove(`${order}.crt`)
  }

  /** The certificate of the first order. */
  certificate(): string {
    return readFileSync(join(this.#folder, `${this.orders()[0]}.crt`), 'utf8')
  }

  /** Answers an order with that certificate. */
  answer(order: string, certificate: string): void {
    writeFileSync(join(this.#folder, `${order}.crt`), certificate)
  }

  /** Loses an order. */
  lose(order: string): void {
    for (const ending of ['csr', 'crt']) this.#remove(`${order}.${ending}`)
  }

  /** Tells the authority how to behave; see the issuer. */
  tell(what: 'at-once' | 'refuse' | 'never-cancel', text = ''): void {
    writeFileSync(join(this.#folder, what), text)
  }

  untell(what: 'at-once' | 'refuse' | 'never-cancel'): void {
    this.#remove(what)
  }

  #remove(name: string): void {
    rmSync(join(this.#folder, name), { force: true })
  }
}
