import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { type Clock, type Logger, retryable, systemClock } from '#base'
import { type Issuer, type IssuerDescription, type IssuerPlugin, type IssuerTools, readCertificates } from '#issuers'
import type { RevocationReason } from '#pki'

type Secrets = Readonly<Record<string, Readonly<Record<string, string>>>>

/**
 * An authority that is up and has nothing ordered from it. It must allow what the suite asks for: names below
 * example.com and example.org, addresses of 192.0.2.0/24 and 2001:db8::/32, 90 days; its own certificates are valid for
 * at least a year. Tests of what an optional member is needed for are left out without it.
 */
export interface TestedAuthority {
  /** What an Authority that uses it has in its options. */
  readonly options: unknown
  /** The files of each Secret that the issuer may read. The suite also takes them away, and damages them. */
  readonly secrets?: Secrets | undefined
  /** The time there; the system's without it. */
  readonly clock?: Clock | undefined
  /** Makes orders that are pending end in certificates. Needed unless 'pending' is unsupported. */
  settle?(): Promise<void>
  /** Answers what is pending, or is asked for next, with something that is no certificate. */
  garble?(): Promise<void>
  /** Serial numbers of what the authority itself counts as revoked, with the reason that it was told. */
  revoked?(): Promise<ReadonlyMap<string, RevocationReason>>
  stop?(): Promise<void>
}

/** An authority at a test, and the issuer that speaks to it. */
export interface Trial {
  readonly type: string
  readonly authority: TestedAuthority
  readonly issuer: Issuer
  readonly description: IssuerDescription
  now(): number
  /** Makes an issuer from options. */
  create(options: unknown): Issuer
  /** The issuer after a restart: made anew, it remembers nothing. */
  restarted(): Issuer
  /** Changes what `readSecret` finds; undefined: there are no Secrets at all. */
  replaceSecrets(secrets: Secrets | undefined): void
  /** Fails when a text tells something secret. */
  assertNothingSecret(text: string): void
}

/** What a test does; the context takes notes of what it has left out, and why. */
export type RunTrial = (trial: Trial, context: Context) => Promise<void>

/** What is needed of a test's context. */
export type Context = Pick<TestContext, 'after' | 'diagnostic'>

/** Tests by their titles. */
export type Tests = Readonly<Record<string, RunTrial>>

/** The word that stands for a secret in everything that the suite damages. */
export const canary = 'canary'

/** Begins a test: the authority is stopped at its end, and nothing secret may have been logged by then. */
export async function beginTrial(
  plugin: IssuerPlugin,
  start: () => Promise<TestedAuthority>,
  context: Context,
): Promise<Trial> {
  const authority = await start()
  const { options, clock = systemClock, secrets: original = {} } = authority
  const lines: string[] = []
  let secrets: Secrets | undefined = original
  const tools: IssuerTools = {
    clock,
    logger: loggerInto(lines),
    readCertificates,
    async readSecret(name) {
      return secrets?.[name] ?? fail(name)
    },
  }
  const create = (given: unknown): Issuer => plugin.create(given, tools)
  const issuer = create(options)
  const assertNothingSecret = (text: string): void => assertHidden(text, original)
  context.after(async () => {
    await authority.stop?.()
    assertNothingSecret(lines.join('\n'))
  })
  return {
    type: plugin.type,
    authority,
    issuer,
    description: issuer.describe(),
    now: () => clock.now(),
    create,
    restarted: () => create(options),
    replaceSecrets(replaced) {
      secrets = replaced
    },
    assertNothingSecret,
  }
}

function fail(name: string): never {
  throw retryable('SecretMissing', `Secret ${name} of the authority does not exist`)
}

/** Certificates are no secret, though they stand in Secrets. */
function assertHidden(text: string, secrets: Secrets): void {
  const values = Object.values(secrets).flatMap((files) => Object.values(files))
  const hidden = values.map((value) => value.trim()).filter((value) => value !== '' && !value.includes('CERTIFICATE'))
  for (const secret of [canary, 'PRIVATE KEY', ...hidden]) {
    assert.ok(!text.includes(secret), `something secret is told: ${text.replaceAll(secret, '<secret>')}`)
  }
}

/** Whatever is logged, as one text a line. */
function loggerInto(lines: string[]): Logger {
  const log = (fields: object, message: string): void => void lines.push(`${JSON.stringify(fields)} ${message}`)
  const logger: Logger = { debug: log, info: log, warn: log, error: log, child: () => logger }
  return logger
}
