import type { Certificate } from '#api'
import { classify, type Failure } from '#base'
import { storeKeyOf } from '#kube'
import type { ControllerTools } from '../tools.ts'

type Attempt = 'issuing' | 'refreshing' | 'adopting' | 'revoking' | 'deleting'

/**
 * What an attempt failed of that does not end the visit. One that nobody foresaw is logged with its stack and counted
 * here, as the runtime never sees it.
 */
export function failureOf(
  error: unknown,
  attempt: Attempt,
  certificate: Certificate,
  { logger, onBug }: ControllerTools,
): Failure {
  const failure = classify(error)
  if (failure.kind === 'Bug') {
    const { stack } = failure.cause instanceof Error ? failure.cause : failure
    logger.error({ key: storeKeyOf(certificate), stack }, `${attempt} failed with an unexpected error`)
    onBug('certificate')
  }
  return failure
}
