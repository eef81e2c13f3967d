import type { Bench } from './bench.ts'

/** What a Certificate does over time, by title; each by Certificates of its own. */
export type Behaviours = Readonly<Record<string, (bench: Bench) => Promise<void>>>
