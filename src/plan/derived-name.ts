import { createHash } from 'node:crypto'

/** What Kubernetes permits for the name of a Secret or ConfigMap: a DNS subdomain (RFC 1123). */
const nameLengthMax = 253
/** Room for what a name is followed by, numbers of any length among it: all names of one object begin alike. */
const endingLengthMax = 24
/** Hexadecimal digits: nobody finds a second name with the same ones by chance. */
const hashLength = 16

/**
 * Name of an object that is made for another one: the other's name and an ending, such as `web-pending`. A name that is
 * too long for that is cut, and a hash of the whole of it tells it from others that begin alike.
 * @param ending at most 24 characters that a name may end in
 */
export function derivedName(name: string, ending: string): string {
  const room = nameLengthMax - endingLengthMax
  if (name.length <= room) return `${name}${ending}`
  const hash = createHash('sha256').update(name).digest('hex').slice(0, hashLength)
  // A label of a DNS name neither ends nor begins with a hyphen.
  const start = name.slice(0, room - hashLength - 1).replace(/[-.]+$/, '')
  return `${start}-${hash}${ending}`
}
