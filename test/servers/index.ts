/** Real servers that tests start. */
export { type ControlPlane, controlPlane, startControlPlane } from './control-plane.ts'
export { installCrds, kubectl } from './crds.ts'
export { type LogLine, type OperatorOptions, type OperatorProcess, startOperator } from './operator.ts'
