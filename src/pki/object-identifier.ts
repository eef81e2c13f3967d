const syntax = /^([01]\.[1-3]?[0-9]|2\.(0|[1-9][0-9]{0,13}))(\.(0|[1-9][0-9]{0,13})){1,18}$/

/**
 * Whether `text` is an object identifier in dotted decimals (X.660), of 3 to 20 numbers. Numbers of more than 14 digits
 * are refused: few programs read them alike.
 */
export const isObjectIdentifier = (text: string): boolean => text.length <= 128 && syntax.test(text)
