import { z } from 'zod'
import { durationFrom } from './duration.ts'
import { nameConstraints } from './name-constraints.ts'
import { holdsPem, pemText } from './pem.ts'
import { caKey } from './private-key.ts'
import { objectName, reference } from './reference.ts'
import { cel, listOf, setOf, textLike } from './schema.ts'
import { commonNameOr, subject } from './subject.ts'

const webURL = textLike(
  /^https?:\/\/[!-~]+$/,
  512,
  'must be an http or https URL in ASCII, such as http://pki.example.com/ca.crt',
)

const crl = z.object({
  url: textLike(
    /^https?:\/\/[!-~]*\{generation\}[!-~]*$/,
    512,
    'must be an http or https URL with {generation} in it, such as ' +
      'http://pki.example.com/crl/shop/root/{generation}.crl',
  )
    .optional()
    .describe(
      'Where clients fetch the CRL; written into every certificate. {generation} stands for the number of the CA ' +
        'key. The operator serves each CRL at /crl/<namespace>/<authority>/<generation>.crl when it has --crl-listen.',
    ),
  validity: durationFrom('1h')
    .optional()
    .describe(
      'Time from thisUpdate to nextUpdate. Default 168h. A new CRL is signed on each change, and when half of it ' +
        'is over.',
    ),
})

const generation = z.int().min(1).max(9999)

const internalFields = z.object({
  commonName: commonNameOr('choose a shorter one')
    .optional()
    .describe("Common name of the CA certificate. Default: the Authority's name."),
  subject: subject.optional().describe('Attributes of its subject beside the common name.'),
  parentRef: reference
    .optional()
    .describe('The Authority that signs this CA certificate. Without it the CA is a root and signs itself.'),
  secretRef: z
    .object({ name: objectName.describe('Name of a Secret of the same namespace.') })
    .optional()
    .describe(
      'A Secret with a CA that was made elsewhere (tls.key, tls.crt with the chain, ca.crt with the root). What it ' +
        'holds becomes a generation; other content becomes the next one.',
    ),
  external: cel(
    z.object({
      chain: pemText
        .optional()
        .describe('PEM: the CA certificate, its issuers and the root, once the CSR has been signed.'),
    }),
    holdsPem('chain', 'BEGIN CERTIFICATE', 'certificates'),
  )
    .optional()
    .describe(
      'The CA is signed elsewhere, such as by an offline root: its CSR is in status.request, its chain goes here.',
    ),
  privateKey: caKey.optional().describe("The CA's key."),
  duration: durationFrom('1m')
    .optional()
    .describe(
      'Validity of the CA certificate. Default 87600h (ten years) for a root, 43800h (five years) for a subordinate.',
    ),
  pathLength: z
    .int()
    .min(0)
    .max(10)
    .optional()
    .describe('How many CAs may follow below this one in a chain. Default: any number.'),
  nameConstraints: nameConstraints
    .optional()
    .describe(
      'Names that may be issued below this CA, written into its certificate (critical). Put them on a subordinate: ' +
        'many clients do not hold those of a root.',
    ),
  crl: crl.optional().describe('The list of revoked certificates (CRL).'),
  issuerURLs: listOf(webURL, 4)
    .optional()
    .describe('Where clients fetch the CA certificate; written into every certificate (AIA caIssuers).'),
  ocspURLs: listOf(webURL, 4).optional().describe('OCSP responders; written into every certificate (AIA ocsp).'),
  generation: generation
    .optional()
    .describe(
      'The CA key in use is at least of this generation. Raised above status.ca.generation it starts a rotation: ' +
        'what this spec says of the CA certificate goes into the new one. It never makes a lost key again by itself.',
    ),
  rotation: z
    .enum(['Auto', 'Manual'])
    .optional()
    .describe(
      'Auto (the default): the next generation is made in time for every certificate to outlive its predecessor. ' +
        'Manual: only when generation is raised.',
    ),
  trustPropagation: durationFrom('1s')
    .optional()
    .describe('How long a new root is in all bundles before it signs. Default 24h.'),
  distrustedGenerations: setOf(generation, 16)
    .optional()
    .describe(
      'Generations that are trusted no longer, at once: out of every bundle, their certificates issued anew and ' +
        'revoked.',
    ),
})

/** A CA that Sifaka runs itself. */
export const internal = cel(
  internalFields,
  {
    rule: '[has(self.parentRef), has(self.secretRef), has(self.external)].filter(each, each).size() <= 1',
    message: 'set at most one of parentRef, secretRef and external; none of them is a root that signs itself',
  },
  {
    rule:
      '!has(self.secretRef) || ![has(self.commonName), has(self.subject), has(self.privateKey), has(self.duration), ' +
      'has(self.pathLength), has(self.nameConstraints)].exists(each, each)',
    message:
      'with secretRef the CA is what the Secret holds: leave out commonName, subject, privateKey, duration, ' +
      'pathLength and nameConstraints',
  },
  {
    rule: '!has(oldSelf.generation) || (has(self.generation) && self.generation >= oldSelf.generation)',
    message: 'generation can only be raised',
    fieldPath: '.generation',
  },
)
