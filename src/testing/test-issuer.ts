import { suite, test } from 'node:test'
import type { IssuerPlugin } from '#issuers'
import { descriptionTests } from './description.ts'
import { featureTests } from './features.ts'
import { issuanceTests } from './issuance.ts'
import { orderTests } from './orders.ts'
import { revocationTests } from './revocation.ts'
import { subordinateTests } from './subordinates.ts'
import { beginTrial, type TestedAuthority, type Tests } from './trial.ts'
import { troubleTests } from './trouble.ts'

/** An issuer that is to prove itself. */
export interface TestedIssuer {
  /** Of the suite. */
  readonly name: string
  readonly plugin: IssuerPlugin
  /** Brings up an authority; called for each test, and stopped at its end. */
  readonly authority: () => Promise<TestedAuthority>
}

/**
 * Proves that an issuer keeps its contract: that each feature works which it does not declare unsupported, and that
 * none works which it does; that openssl verifies what it issues; that orders survive restarts; that failures are of
 * the right kind and tell no secret. Called at the top of a test file of node:test. Needs openssl.
 */
export function testIssuer({ name, plugin, authority }: TestedIssuer): void {
  suite(`the issuer ${name}`, () => {
    for (const [title, run] of Object.entries(issuerTests)) {
      test(title, async (context) => run(await beginTrial(plugin, authority, context), context))
    }
  })
}

/** All of the suite. */
export const issuerTests: Tests = {
  ...descriptionTests,
  ...featureTests,
  ...issuanceTests,
  ...orderTests,
  ...revocationTests,
  ...subordinateTests,
  ...troubleTests,
}
