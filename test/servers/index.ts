/** Real servers that tests start. */
export { type ControlPlane, controlPlane, startControlPlane } from './control-plane.ts'
