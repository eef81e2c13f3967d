/** Builders that tests share. */
export { type AuthorityParts, authority } from './authority.ts'
export { type CaParts, issuedFiles, type LeafParts, testCa } from './ca.ts'
export { type CertificateParts, certificate } from './certificate.ts'
export { type Chance, chance, isLongRun, runSeed } from './chance.ts'
export { FakeClock, noon } from './clock.ts'
export { checkConditions } from './condition-checker.ts'
export { type LoggedLine, logBook } from './logger.ts'
export { ObjectApi } from './object-api.ts'
export { type Fault, ScriptedApi, type ScriptedConfigMap } from './scripted-api.ts'
export {
  authorityView,
  authorityWorld,
  caGeneration,
  caWorld,
  certificateWorld,
  heldCa,
  heldCertificate,
  heldSecret,
  readSecret,
  secretMetadata,
  soleClaim,
} from './world.ts'
