/** API group and version of all kinds. */
export const group = 'sifaka.dev'
export const version = 'v1alpha1'
export const apiVersion = `${group}/${version}`
