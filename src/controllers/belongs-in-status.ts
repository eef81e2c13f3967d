import { ApiError } from '#kube'
import { isBusy } from '#runtime'

/**
 * Whether a failure is told to the user in the status. An API server that does not answer, is faster than us or slower
 * is the runtime's to retry, and so is a turn that has not come yet; but what it refuses (no right, no quota, an
 * immutable Secret, an admission policy) it will refuse again, and a user can mend it.
 */
export function belongsInStatus(error: unknown, signal: AbortSignal): boolean {
  if (signal.aborted || isBusy(error)) return false
  return !(error instanceof ApiError) || error.reason === 'KubernetesRefused'
}
