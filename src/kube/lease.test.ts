import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { type Clock, type LogFields, silentLogger } from '#base'
import { FakeClock } from '#test/make'
import { ApiError } from './api-error.ts'
import type { KubeClient } from './client.ts'
import { Lease } from './lease.ts'

interface StoredLease {
  metadata: { namespace?: string; name: string; resourceVersion?: string }
  spec: {
    holderIdentity: string
    leaseDurationSeconds: number
    acquireTime: string
    renewTime: string
    leaseTransitions: number
  }
}

const refusal = (status: number, apiReason: string) => new ApiError(apiReason, { status, apiReason })

function reach({ isCut }: { isCut: boolean }): void {
  if (isCut) throw new ApiError('no answer', { status: 0 })
}

/** One Lease behind resource versions, as an API server keeps it, with a network that can be cut. */
class LeaseServer {
  stored: StoredLease | undefined
  writes = 0
  reads = 0
  #version = 0

  client(network: { isCut: boolean }): KubeClient {
    const get = async (): Promise<unknown> => {
      reach(network)
      this.reads += 1
      if (!this.stored) throw refusal(404, 'NotFound')
      return structuredClone(this.stored)
    }
    const create = async (_resource: unknown, lease: StoredLease): Promise<unknown> => {
      reach(network)
      if (this.stored) throw refusal(409, 'AlreadyExists')
      return this.#store(lease)
    }
    const replace = async (_resource: unknown, lease: StoredLease): Promise<unknown> => {
      reach(network)
      if (lease.metadata.resourceVersion !== this.stored?.metadata.resourceVersion) throw refusal(409, 'Conflict')
      return this.#store(lease)
    }
    return { get, create, replace } as unknown as KubeClient
  }

  #store(lease: StoredLease): StoredLease {
    this.writes += 1
    this.#version += 1
    this.stored = structuredClone({
      ...lease,
      metadata: { ...lease.metadata, resourceVersion: String(this.#version) },
    })
    return structuredClone(this.stored)
  }
}

const key = { namespace: 'sifaka-system', name: 'sifaka' }

function candidate(server: LeaseServer, holder: string, clock: Clock) {
  const network = { isCut: false }
  const client = server.client(network)
  const lease = new Lease({ client, key, holder, clock, logger: silentLogger, random: () => 0 })
  const changes: boolean[] = []
  lease.onChange((held) => changes.push(held))
  return { lease, changes, network }
}

/** Moves the clock in steps of a second, letting requests be answered in between. */
async function pass(clock: FakeClock, seconds: number): Promise<void> {
  for (let step = 0; step < seconds; step++) {
    await setImmediate()
    clock.advance(1000)
  }
  await setImmediate()
}

test('a free Lease is taken at once, renewed every 5 s without a read, and released', async () => {
  const clock = new FakeClock('2026-11-22T12:00:00.123Z')
  const server = new LeaseServer()
  const { lease, changes } = candidate(server, 'a', clock)
  assert.equal(lease.isHeld(), false)
  lease.start()
  await pass(clock, 0)
  assert.deepEqual(changes, [true])
  assert.equal(lease.remainingMs(), 15_000)
  assert.equal(server.stored?.spec.renewTime, '2026-11-22T12:00:00.123000Z')
  assert.equal(server.stored?.spec.leaseDurationSeconds, 15)
  await pass(clock, 20)
  assert.deepEqual([server.reads, server.writes], [1, 5])
  await lease.stop()
  assert.equal(server.stored?.spec.holderIdentity, '')
  assert.deepEqual(changes, [true, false])
  assert.equal(clock.timers, 0)
})

test('another holder is left alone while it renews, whatever the wall clock says, until it stops', async () => {
  const clock = new FakeClock()
  const server = new LeaseServer()
  const first = candidate(server, 'a', clock)
  const second = candidate(server, 'b', clock)
  first.lease.start()
  await pass(clock, 1)
  second.lease.start()
  clock.jump(3_600_000)
  await pass(clock, 60)
  assert.deepEqual([first.lease.isHeld(), second.lease.isHeld()], [true, false])

  await first.lease.stop()
  await pass(clock, 3)
  assert.equal(second.lease.isHeld(), true)
  assert.equal(server.stored?.spec.leaseTransitions, 1)
  await second.lease.stop()
})

test('when the holder is cut off its time ends before another takes over', async () => {
  const clock = new FakeClock()
  const server = new LeaseServer()
  const first = candidate(server, 'a', clock)
  const second = candidate(server, 'b', clock)
  first.lease.start()
  await pass(clock, 1)
  second.lease.start()
  await pass(clock, 4)
  first.network.isCut = true
  let both = 0
  for (let elapsed = 0; elapsed < 40 && !second.lease.isHeld(); elapsed++) {
    await pass(clock, 1)
    if (first.lease.isHeld() && second.lease.isHeld()) both += 1
  }
  assert.equal(both, 0)
  assert.deepEqual([first.changes, second.changes], [[true, false], [true]])
  first.network.isCut = false
  await pass(clock, 5)
  assert.equal(first.lease.isHeld(), false)
  await first.lease.stop()
  assert.equal(server.stored?.spec.holderIdentity, 'b')
  await second.lease.stop()
})

test('the Lease is lost by time alone, even if no timer has run', async () => {
  const clock = new FakeClock()
  let stalledMs = 0
  const stalling: Clock = {
    now: () => clock.now(),
    monotonicMs: () => clock.monotonicMs() + stalledMs,
    after: (delayMs, run) => clock.after(delayMs, run),
  }
  const { lease, changes } = candidate(new LeaseServer(), 'a', stalling)
  lease.start()
  await pass(clock, 0)
  stalledMs = 15_000
  assert.deepEqual([lease.isHeld(), lease.remainingMs(), changes], [false, 0, [true]])
  await lease.stop()
})

test('a restarted container resumes its own Lease at once and keeps the count of holders', async () => {
  const clock = new FakeClock()
  const server = new LeaseServer()
  const crashed = candidate(server, 'pod-uid', clock)
  crashed.lease.start()
  await pass(clock, 2)
  crashed.network.isCut = true
  const acquired = server.stored?.spec.acquireTime
  const restarted = candidate(server, 'pod-uid', clock)
  restarted.lease.start()
  await pass(clock, 0)
  assert.equal(restarted.lease.isHeld(), true)
  assert.deepEqual([server.stored?.spec.acquireTime, server.stored?.spec.leaseTransitions], [acquired, 0])
  await crashed.lease.stop()
  await restarted.lease.stop()
})

test('who finds another name in the record has lost it at once', async () => {
  const clock = new FakeClock()
  const server = new LeaseServer()
  const { lease, changes } = candidate(server, 'a', clock)
  lease.start()
  await pass(clock, 1)
  assert.ok(server.stored)
  server.stored.spec.holderIdentity = 'b'
  server.stored.metadata.resourceVersion = 'other'
  await pass(clock, 8)
  assert.deepEqual(changes, [true, false])
  await lease.stop()
  assert.equal(server.stored.spec.holderIdentity, 'b')
})

test('a deleted Lease is made again by its holder, not by who waits for its time to end', async () => {
  const clock = new FakeClock()
  const server = new LeaseServer()
  const first = candidate(server, 'a', clock)
  const second = candidate(server, 'b', clock)
  first.lease.start()
  await pass(clock, 1)
  second.lease.start()
  await pass(clock, 1)
  server.stored = undefined
  await pass(clock, 10)
  assert.deepEqual([first.lease.isHeld(), second.lease.isHeld()], [true, false])
  await first.lease.stop()
  await second.lease.stop()
})

test('a system namespace that does not exist is told, with what creates it, until it does', async () => {
  const clock = new FakeClock()
  const server = new LeaseServer()
  const network = { isCut: false }
  const client = server.client(network)
  let isThere = false
  const create: KubeClient['create'] = (...args) =>
    isThere ? client.create(...args) : Promise.reject(refusal(404, 'NotFound'))
  const errors: unknown[] = []
  const logger = { ...silentLogger, error: (fields: LogFields) => void errors.push(fields.error) }
  const lease = new Lease({ client: { ...client, create }, key, holder: 'a', clock, logger, random: () => 0 })
  lease.start()
  await pass(clock, 1)
  assert.match(
    String(errors[0]),
    /^the system namespace sifaka-system does not exist: create it \(kubectl create namespace sifaka-.+--system/,
  )
  isThere = true
  await pass(clock, 3)
  assert.equal(lease.isHeld(), true)
  await lease.stop()
})
