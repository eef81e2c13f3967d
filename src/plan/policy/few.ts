/** Values that a reason lists; a request may have hundreds of names, and a rule dozens of patterns. */
const listedMax = 5

/** The first few of many texts, and how many more there are. */
export function firstFew(items: readonly string[]): readonly string[] {
  return items.length > listedMax ? [...items.slice(0, listedMax), `${items.length - listedMax} more`] : items
}
