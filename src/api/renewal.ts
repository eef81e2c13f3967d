import { z } from 'zod'
import { durationFrom, isShorter } from './duration.ts'
import { type CelRule, cel, listOf, textLike } from './schema.ts'

const window = z.object({
  schedule: textLike(
    /^[0-9A-Za-z*,/#?-]+( [0-9A-Za-z*,/#?-]+){4}$/,
    128,
    'must be a cron schedule of five fields, such as "0 2 * * SAT" (minute, hour, day, month, day of the week)',
  ).describe('When the window opens: a cron schedule of five fields.'),
  length: durationFrom('1m').describe('How long it stays open.'),
  timeZone: textLike(
    /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/,
    64,
    'must be the name of a time zone (IANA), such as Europe/Berlin or UTC',
  )
    .optional()
    .describe('Time zone of the schedule. Default UTC.'),
})

export const renewal = cel(
  z.object({
    before: durationFrom('1s')
      .optional()
      .describe(
        'Time before the end of validity at which a new certificate is issued; up to a tenth of it earlier, so that ' +
          'certificates issued together are not renewed together.',
      ),
    beforePercent: z.int().min(1).max(99).optional().describe('The same as a share of the lifetime, in percent.'),
    windows: listOf(window, 8)
      .min(1)
      .optional()
      .describe(
        'Renewal waits for the next of these windows. With less than half of `before` left it waits no longer. Other ' +
          'causes to issue anew, such as a changed spec, do not wait.',
      ),
    policy: z
      .enum(['Auto', 'Manual'])
      .optional()
      .describe(
        'Auto (the default): renewed in time. Manual: only on request, by the annotation ' +
          'sifaka.dev/reissue-requested-at; before or beforePercent then say when a Warning reminds of it.',
      ),
  }),
  { rule: '!(has(self.before) && has(self.beforePercent))', message: 'set before or beforePercent, not both' },
  {
    rule: "!has(self.windows) || !has(self.policy) || self.policy != 'Manual'",
    message: 'with policy Manual nothing is renewed by itself, so nothing waits for windows: leave them out',
    fieldPath: '.windows',
  },
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
