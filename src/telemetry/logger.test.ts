import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type Logger, Sensitive } from '#base'
import { createLogger } from './logger.ts'

/** A logger of that level and what it has written. */
function capture(level: 'debug' | 'info' | 'warn' | 'error' = 'debug') {
  const written: string[] = []
  const logger = createLogger(level, { write: (line: string) => void written.push(line) })
  return { logger, written, lines: () => written.map((line) => JSON.parse(line)) }
}

test('a line is one JSON object with level, time and message', () => {
  const { logger, written, lines } = capture()
  logger.info({ key: 'shop/web', attempts: 2 }, 'issued\nfor %s')
  const { time, ...said } = lines()[0]
  assert.deepEqual(said, { level: 'info', key: 'shop/web', attempts: 2, msg: 'issued\nfor %s' })
  assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  assert.match(written[0] ?? '', /^[^\n]+\n$/)
})

suite('the level decides what is written', () => {
  const levels = ['debug', 'info', 'warn', 'error'] as const
  for (const [from, level] of levels.entries()) {
    test(level, () => {
      const { logger, lines } = capture(level)
      for (const each of levels) logger[each]({}, each)
      assert.deepEqual(
        lines().map(({ msg }) => msg),
        levels.slice(from),
      )
    })
  }
})

test('a child adds its fields, and its parent does not', () => {
  const { logger, lines } = capture()
  logger.child({ controller: 'certificate' }).child({ key: 'a' }).warn({ attempts: 1 }, 'late')
  logger.warn({}, 'alone')
  const [child, parent] = lines()
  assert.deepEqual([child.controller, child.key, child.attempts], ['certificate', 'a', 1])
  assert.equal(parent.controller, undefined)
})

suite('a secret is never written', () => {
  const canary = 'canary-7f3a'
  const secret = new Sensitive(canary)
  const ways: readonly [name: string, log: (logger: Logger) => void][] = [
    ['in a field', (logger) => logger.info({ password: secret }, 'x')],
    ['deep inside', (logger) => logger.info({ options: { list: [{ token: secret }] } }, 'x')],
    ['in the fields of a child', (logger) => logger.child({ secret }).info({}, 'x')],
    ['in a message', (logger) => logger.info({}, `the password is ${secret}`)],
    ['in an error', (logger) => logger.error({ err: Object.assign(new Error('failed'), { secret }) }, 'x')],
    ['in the cause of an error', (logger) => logger.error({ err: new Error('failed', { cause: secret }) }, 'x')],
    ['in a map', (logger) => logger.info({ map: new Map([['key', secret]]) }, 'x')],
  ]
  for (const [name, log] of ways) {
    test(name, () => {
      const { logger, written } = capture()
      log(logger)
      assert.equal(written.length, 1)
      assert.doesNotMatch(written.join(''), new RegExp(canary))
    })
  }

  test('and what is not wrapped would be', () => {
    const { logger, written } = capture()
    logger.info({ password: secret.expose() }, 'x')
    assert.match(written.join(''), new RegExp(canary))
  })
})
