import { baseParsers } from './base-parsers.ts'
import type { Parser } from './parser.ts'
import { pkiParsers } from './pki-parsers.ts'
import { planParsers } from './plan-parsers.ts'
import { serverParsers } from './server-parsers.ts'

/**
 * Everything that reads what others have written, a row each. A function of a door whose name says that it reads, and
 * that has no row here, fails the test of this table.
 */
export const parsers: readonly Parser[] = [...pkiParsers, ...planParsers, ...baseParsers, ...serverParsers]
