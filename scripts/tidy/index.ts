/** The rules of the house that no ready-made tool holds: sizes, doors, banned calls, the map in ARCHITECTURE.md. */
export { tidy } from './tidy.ts'
