import type { Frame } from './frame'

/** A frame as CSV (RFC 4180): times in ISO 8601, one column per line, nothing where there is no value. */
export function frameToCsv(frame: Frame): string {
  const head = ['time', ...frame.lines.map((line) => line.name)].map(csvField).join(',')
  const rows = frame.times.map((time, index) => [new Date(time).toISOString(), ...frame.lines.map((line) => numberField(line.values[index]))].join(','))
  return [head, ...rows, ''].join('\r\n')
}

function numberField(value = NaN): string {
  return Number.isNaN(value) ? '' : String(value)
}

export function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
