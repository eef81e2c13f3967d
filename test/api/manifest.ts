/** A spec that the API server accepts and keeps as it is. */
export interface FullSpec {
  readonly name: string
  readonly spec: object
}

/** A spec that the API server refuses, and its only error. */
export interface BadSpec {
  readonly name: string
  readonly spec: unknown
  readonly error: string
}

/** A change that the API server refuses, and its only error. */
export interface BadChange {
  readonly name: string
  readonly from: object
  readonly to: object
  readonly error: string
}
