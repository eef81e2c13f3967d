import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { PkiError } from '../error.ts'
import { checkedAlias, checkedPassword } from './text.ts'

const refused: readonly [title: string, password: string, about: RegExp][] = [
  ['nothing', '', /password is empty/],
  ['a line break at its end', 'hunter2\n', /control character; often it is a line break at its end/],
  ['an octet that is zero', 'hunter\0two', /control character/],
  ['an emoji', 'hunter🦊', /beyond U\+FFFF/],
  ['half a character', 'hunter\ud83e', /beyond U\+FFFF/],
  ['too much', 'x'.repeat(1025), /more than 1024 characters/],
]

suite('a password is refused, and not told, that has', () => {
  for (const [title, password, about] of refused) {
    test(title, () => {
      assert.throws(
        () => checkedPassword(password),
        (error) =>
          error instanceof PkiError &&
          error.reason === 'InvalidRequest' &&
          about.test(error.message) &&
          !error.message.includes('hunter'),
      )
    })
  }
})

test('other passwords and aliases stay as they are', () => {
  for (const text of ['changeit', ' ', 'pässwörd€', 'パスワード', 'x'.repeat(255)]) {
    assert.equal(checkedPassword(text), text)
    assert.equal(checkedAlias(text), text)
  }
  assert.throws(() => checkedAlias('x'.repeat(256)), /the alias of the keystore has more than 255 characters/)
})
