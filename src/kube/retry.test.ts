import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiError } from './api-error.ts'
import { retryDelayMs } from './retry.ts'

const answer = (status: number, retryAfterMs?: number) => new ApiError('refused', { status, retryAfterMs })
const delay = (isRead: boolean, error: ApiError, attempt = 1) => retryDelayMs({ isRead, attempt }, error, () => 0)

test('what is sent again, and when', () => {
  const cases: [string, number | undefined, number | undefined][] = [
    ['read without an answer', delay(true, answer(0)), 100],
    ['its third failure', delay(true, answer(0), 3), 400],
    ['its last one', delay(true, answer(0), 4), undefined],
    ['write without an answer', delay(false, answer(0)), undefined],
    ['429 of a read', delay(true, answer(429, 2000)), 2000],
    ['429 of a write', delay(false, answer(429, 2000)), 2000],
    ['429 without a time', delay(false, answer(429)), 1000],
    ['429 with a time too long to wait here', delay(false, answer(429, 60_000)), undefined],
    ['503 with a time, of a read', delay(true, answer(503, 1000)), 1000],
    ['503 with a time, of a write', delay(false, answer(503, 1000)), undefined],
    ['503 without a time', delay(true, answer(503)), undefined],
    ['500', delay(true, answer(500)), undefined],
    ['404', delay(true, answer(404)), undefined],
    ['409', delay(false, answer(409)), undefined],
  ]
  for (const [what, actual, expected] of cases) assert.equal(actual, expected, what)
})
