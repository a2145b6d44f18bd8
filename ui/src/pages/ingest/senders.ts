import type { Sender } from '../../api/fusewatch/schemas'

const PROTOCOLS: Record<string, string> = {
  'remote_write_1.0': 'Remote write 1.0',
  'remote_write_2.0': 'Remote write 2.0',
  remote_write: 'Remote write',
  otlp: 'OTLP',
  otlp_grpc: 'OTLP over gRPC',
  influx: 'Influx line protocol',
  graphite: 'Graphite',
  scrape: 'Scraping',
  host: 'This machine',
  self: 'Fusewatch itself',
  internal: 'Fusewatch itself',
}

/** Those that need no sending: Fusewatch reads them by itself. */
const OWN = new Set(['scrape', 'host', 'self', 'internal'])

export function protocolName(protocol: string): string {
  return PROTOCOLS[protocol] ?? protocol
}

/** What a sender is called: what it says of itself, else how it sends. */
export function senderName({ agent, protocol }: Pick<Sender, 'agent' | 'protocol'>): string {
  return agent || protocolName(protocol)
}

/** Where a sender is and who it is, in one line; empty for Fusewatch's own. */
export function senderPlace({ identity, address }: Pick<Sender, 'identity' | 'address'>): string {
  return [address && `from ${address}`, identity && `as ${identity}`].filter(Boolean).join(' ')
}

export function senderKey({ protocol, agent, identity, address }: Sender): string {
  return [protocol, agent, identity, address].join(' ').trim()
}

export function isFromOutside({ protocol }: Sender): boolean {
  return !OWN.has(protocol)
}
