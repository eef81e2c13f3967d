import { PkiError } from '../error.ts'

/** Longer passwords than this are cut off by programs that read them with OpenSSL (PEM_BUFSIZE). */
const maxPassword = 1024
const maxAlias = 255

/**
 * The same password, once it is known that every reader makes the same octets of it: 1 to 1024 characters of the Basic
 * Multilingual Plane, none of them a control character. The message does not quote it.
 * @throws PkiError InvalidRequest
 */
export const checkedPassword = (password: string): string => checked(password, maxPassword, 'the keystore password')

/**
 * The same alias, 1 to 255 characters likewise.
 * @throws PkiError InvalidRequest
 */
export const checkedAlias = (alias: string): string => checked(alias, maxAlias, 'the alias of the keystore')

function checked(text: string, max: number, what: string): string {
  if (text === '') throw invalid(`${what} is empty`)
  if (text.length > max) throw invalid(`${what} has more than ${max} characters`)
  if (/\p{Cc}/u.test(text)) throw invalid(`${what} has a control character; often it is a line break at its end`)
  // Beyond the plane there are two encodings of each character, and keystores do not agree on one.
  if (/[\p{Cs}\u{10000}-\u{10ffff}]/u.test(text)) {
    throw invalid(`${what} has a character beyond U+FFFF, such as an emoji: keystores cannot hold it`)
  }
  return text
}

const invalid = (message: string): PkiError => new PkiError('InvalidRequest', message)
