/** Hands a file to the browser's downloads. */
export function download(name: string, content: Blob): void {
  const link = document.createElement('a')
  const address = URL.createObjectURL(content)
  link.href = address
  link.download = name
  link.click()
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(address), 1000)
}

/** A file name that every system takes: `rate-node-network-io-2026-02-03-04-05-06.csv`. */
export function fileName(title: string, time: number, extension: string): string {
  const words = title
    .normalize('NFKD')
    .replace(/[^a-zA-Z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60)
  return `${[words || 'graph', new Date(time).toISOString().slice(0, 19).replace(/[:T]/g, '-')].join('-')}.${extension}`
}
