import { PkiError } from '#pki'
import { octetReader, type Parser, textReader } from './parser.ts'

const planted = {
  reads: [],
  form: 'octets',
  refusal: 'PkiError',
  specimens: () => ['a specimen of some length'],
} as const

/** Parsers with a fault each that fuzzing must find; the first has none. */
export const parsers: readonly Parser[] = [
  {
    ...planted,
    name: 'sound',
    open: octetReader((octets) => {
      if (octets[0] !== 0x61) throw new PkiError('InvalidKey', 'it does not begin with an a')
    }),
  },
  {
    ...planted,
    name: 'throws what it does not document',
    open: octetReader((octets) => (octets.includes(0) ? octets.readDoubleBE(octets.length) : undefined)),
  },
  {
    ...planted,
    name: 'refuses its own specimen',
    open: octetReader(() => {
      throw new PkiError('InvalidKey', 'no')
    }),
  },
  {
    ...planted,
    name: 'never ends',
    form: 'text',
    open: octetReader((octets) => {
      for (let at = 0; octets.length > 100; at = (at + 1) % octets.length) octets[at] = 0
    }),
  },
  {
    ...planted,
    name: 'backtracks without end',
    form: 'text',
    words: ['aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'],
    open: textReader((text) => /(a+)+$/.test(text)),
  },
  { ...planted, name: 'sound after all these', open: octetReader(() => undefined) },
]
