import { z } from 'zod'
import { durationFrom, isShorter } from './duration.ts'
import { type CelRule, cel } from './schema.ts'

export const renewal = cel(
  z.object({
    before: durationFrom('1s')
      .optional()
      .describe(
        'Time before the end of validity at which a new certificate is issued; up to a tenth of it earlier, so that ' +
          'certificates issued together are not renewed together.',
      ),
    beforePercent: z.int().min(1).max(99).optional().describe('The same as a share of the lifetime, in percent.'),
  }),
  { rule: '!(has(self.before) && has(self.beforePercent))', message: 'set before or beforePercent, not both' },
)

/**
 * For an object with `duration` and `renewal`. Without a duration there is nothing to compare with: the Authority may
 * have a default of its own.
 */
export const renewsBeforeTheEnd: CelRule = {
  rule: [
    '!has(self.duration) || !has(self.renewal) || !has(self.renewal.before)',
    isShorter('self.renewal.before', 'self.duration'),
  ].join(' || '),
  message: 'renewal.before must be shorter than duration',
  fieldPath: '.renewal.before',
}
