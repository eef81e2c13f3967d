import { parentPort, workerData } from 'node:worker_threads'
import { fuzz } from './fuzz.ts'
import { makeSpecimens } from './specimens.ts'
import { headOctets, type Work } from './work.ts'

/** The thread in which parsers are fuzzed: see `fuzzInWorker`. */
const { table, names, seed, inputs, shared }: Work = workerData
const head = new Int32Array(shared, 0, 2)
const octets = new Uint8Array(shared, headOctets)

const { parsers } = await import(table)
const made = await makeSpecimens()
for (const name of names) {
  const parser = parsers.find((each: { name: string }) => each.name === name)
  const onInput = (input: Buffer): void => {
    octets.set(input.subarray(0, octets.length))
    head[1] = input.length
    Atomics.add(head, 0, 1)
  }
  parentPort?.postMessage({ result: await fuzz(parser, made, { seed, inputs, onInput }) })
}
