/** Builders that tests share. */
export { FakeClock } from './clock.ts'
