import assert from 'node:assert/strict'
import { type Condition, type Kind, kinds } from '#api'
import { fromRfc3339 } from '#base'

interface WithConditions {
  readonly kind: string
  readonly metadata: { readonly generation?: number }
  readonly status?: { readonly observedGeneration?: number | undefined; readonly conditions?: Condition[] | undefined }
}

const messageMax = 4096
/** Types that only Sifaka sets; of others it may say nothing. */
const ours = new Set(['Ready', 'Reconciling', 'Stalled', 'Issuing', 'InUse', 'Warning', 'PolicyViolation'])

interface Facts {
  readonly conditions: readonly Condition[]
  readonly own: readonly Condition[]
  readonly generation: number | undefined
  readonly observedGeneration: number | undefined
  readonly ready: Condition | undefined
  readonly isTrue: (type: string) => boolean
  readonly text: string
}

/** What holds of the conditions of every object at any time, by number. */
const rules: readonly [name: string, holds: (facts: Facts) => boolean][] = [
  ['C01 Ready is there', ({ ready }) => ready !== undefined],
  [
    'C02 each type is there once',
    ({ conditions }) => new Set(conditions.map(({ type }) => type)).size === conditions.length,
  ],
  [
    'C03 Reconciling and Stalled only while Ready is not True',
    ({ ready, isTrue }) => ready?.status !== 'True' || !(isTrue('Reconciling') || isTrue('Stalled')),
  ],
  ['C04 never Reconciling and Stalled together', ({ isTrue }) => !(isTrue('Reconciling') && isTrue('Stalled'))],
  [
    'C05 while Ready is not True, one of them says whose turn it is',
    ({ ready, isTrue }) => ready?.status === 'True' || isTrue('Reconciling') || isTrue('Stalled'),
  ],
  ['C06 Issuing only while Ready is True', ({ ready, isTrue }) => ready?.status === 'True' || !isTrue('Issuing')],
  [
    'C07 a reason is one word in PascalCase, and a message says more',
    ({ own }) => own.every(({ reason, message }) => /^[A-Z][A-Za-z]+$/.test(reason) && message.trim() !== ''),
  ],
  [
    'C08 no abnormal condition is kept as False',
    ({ own }) => own.every((c) => c.type === 'Ready' || c.status === 'True'),
  ],
  [
    'C09 observedGeneration is that of the object, everywhere',
    ({ own, generation, observedGeneration }) =>
      [observedGeneration, ...own.map((c) => c.observedGeneration)].every((each) => each === generation),
  ],
  [
    'C10 a message is one line of at most 4096 characters',
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    ({ own }) => own.every(({ message }) => message.length <= messageMax && !/[\u0000-\u001f]/.test(message)),
  ],
  [
    'C11 lastTransitionTime is a time',
    ({ own }) => own.every(({ lastTransitionTime }) => fromRfc3339(lastTransitionTime) !== undefined),
  ],
  ['C12 nothing secret is said', ({ text }) => !/PRIVATE KEY|canary/i.test(text)],
]

/**
 * Holds a status against the rules for conditions and against the schema of its kind. Tests put the word `canary` into
 * whatever is secret.
 * @throws AssertionError that names the rule by its number
 */
export function checkConditions({ kind, metadata, status = {} }: WithConditions): void {
  const text = JSON.stringify(status)
  const { conditions = [], observedGeneration } = status
  const find = (type: string) => conditions.find((condition) => condition.type === type)
  const facts: Facts = {
    conditions,
    own: conditions.filter(({ type }) => ours.has(type)),
    generation: metadata.generation,
    observedGeneration,
    ready: find('Ready'),
    isTrue: (type) => find(type)?.status === 'True',
    text,
  }
  for (const [name, holds] of rules) assert.ok(holds(facts), `${name}: ${text}`)
  const schema = kinds.find((each: Kind) => each.kind === kind)?.status
  const parsed = schema?.safeParse(JSON.parse(text))
  assert.ok(parsed?.success, `C13 the status fits its schema: ${parsed?.error?.message} in ${text}`)
}
