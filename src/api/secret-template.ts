import { z } from 'zod'
import { cel, mapOf } from './schema.ts'

const isOurs = (key: string): string => `${key}.matches(r'^([a-z0-9-]+[.])*sifaka[.]dev/')`

const reserved = {
  rule: `!self.exists(key, ${isOurs('key')})`,
  message: 'keys of sifaka.dev are set by Sifaka itself',
}

const isKey = `key.matches(r'^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$')`
const keys = {
  rule: `self.all(key, key.size() <= 317 && ${isKey})`,
  message: 'a key is a name of at most 63 characters, with a DNS prefix if it has one: example.com/team',
}

/** What else is set on the Secret of a certificate. */
export const secretTemplate = z.object({
  labels: cel(
    mapOf(z.string().max(63), 32),
    keys,
    {
      rule: "self.all(key, self[key].matches(r'^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$'))",
      message: 'a value is at most 63 letters, digits, "-", "_" and ".", the first and last a letter or digit',
    },
    reserved,
  )
    .optional()
    .describe('Labels.'),
  annotations: cel(mapOf(z.string().max(4096), 32), keys, reserved)
    .optional()
    .describe('Annotations.'),
})

export type SecretTemplate = z.infer<typeof secretTemplate>
